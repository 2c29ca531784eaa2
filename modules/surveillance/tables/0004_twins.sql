-- Reports that came lately, to link those of one case.
create index surveillance_case_entered on surveillance_case (entered);
