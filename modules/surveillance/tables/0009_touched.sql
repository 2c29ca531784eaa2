-- What was touched is asked for its twins, whenever it was entered: a report that
-- says otherwise, or whose person has a number now.
drop index surveillance_case_lately;
create index surveillance_case_lately on surveillance_case (touched) where patient <> '';

-- Of which report it was found to be the same case last: software that leaves the
-- link out when it writes the report again says nothing new with it.
alter table surveillance_case add column linked text not null default '';

-- Which message a report answers: asked for each version of a report.
create index surveillance_message_report on surveillance_message (report);

-- Who writes a report again from an older copy does not overrule what the system
-- wrote into it since, but whoever looked at it does.
alter table surveillance_case add column spoken bigint not null default 0; -- seq
