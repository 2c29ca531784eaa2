-- Whether anybody of the nation was heard of in a week.
create index bulletin_week_week on bulletin_week (week);
