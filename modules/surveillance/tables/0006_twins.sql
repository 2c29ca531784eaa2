-- Only reports about somebody can be of one case: most of what an import brings
-- is about nobody in particular.
drop index surveillance_case_entered;
create index surveillance_case_lately on surveillance_case (entered) where patient <> '';
