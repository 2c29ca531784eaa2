-- What was touched is asked for its twins, whenever it was entered: a report that
-- says otherwise, or whose person has a number now.
drop index surveillance_case_lately;
create index surveillance_case_lately on surveillance_case (touched) where patient <> '';
