-- With which report it was found to be one case without a person, by personal id
-- and days: where one of these is corrected to something else, the link goes.
alter table surveillance_case add column matched text not null default ''; -- report; empty = nobody but a person
create index surveillance_case_matched on surveillance_case (matched) where matched <> '';

-- Reports that were cases once and are none now: those that come back were seen.
create table surveillance_seen (
    report text not null primary key
);
