-- What a week rests on: a week that was a mistake is taken back with the last of it.
alter table detection_reporting add column sources bigint not null default 0; -- cases, visits and reports that the unit is heard of by
alter table detection_reporting add column visits  bigint not null default 0; -- of these, visits

-- Weeks as they were known before something was taken back: what was judged on them
-- is replayed on them.
create table detection_unheard (
    unit    bigint not null,
    week    bigint not null,
    seq     bigint not null, -- known since
    visited bigint not null, -- seq of the first visit of the week; 0 = none
    until   bigint not null, -- seq of the change that took it back
    primary key (unit, week, until)
);
