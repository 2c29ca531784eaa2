-- Whatever a diagnosis is corrected to, it holds no report of that disease.
alter table indicators_item add column own text not null default ''; -- disease of the report, - = none; '' = rests on nothing
