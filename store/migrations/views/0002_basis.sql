-- What a view rests on beside the log: the map of administrative units.
alter table follower add column basis text not null default '';
