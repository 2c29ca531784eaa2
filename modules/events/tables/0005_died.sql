-- The day of a death, as far as it is known: the daily report of a day has those
-- until then.
alter table events_case add column died_on bigint not null default -1; -- -1 = unknown
