-- Who a person is, as far as duplicates are found by it: personal id; else the
-- name without marks, year of birth, sex, commune or phone.
alter table surveillance_person add column number text not null default '';
alter table surveillance_person add column folded text not null default '';
alter table surveillance_person add column year bigint not null default 0;
alter table surveillance_person add column phone text not null default '';
alter table surveillance_person add column died bigint not null default 0; -- µs, 0 = lives
create index surveillance_person_number on surveillance_person (number);
create index surveillance_person_folded on surveillance_person (folded);

-- A trigger is a diagnosis, or a laboratory result that names the agent.
alter table surveillance_diagnosis add column kind text not null default 'Condition';
alter table surveillance_diagnosis add column facility text not null default ''; -- of a result: who asked for it
alter table surveillance_diagnosis add column place bigint not null default 0;

alter table surveillance_draft add column kind text not null default 'Condition';
alter table surveillance_draft add column sensitivity text not null default ''; -- not empty: for the closed desk alone
alter table surveillance_draft add column province bigint not null default 0;   -- of the facility
alter table surveillance_draft add column died bigint not null default 0;       -- µs, 0 = lives
create index surveillance_draft_province on surveillance_draft (province, report, sensitivity);

alter table surveillance_case add column died bigint not null default -1;    -- day of death as reported, -1 = not
alter table surveillance_case add column entered bigint not null default 0;  -- first committed, µs
alter table surveillance_case add column paper smallint not null default 0;  -- 1 = sent on paper, entered later
alter table surveillance_case add column same_as text not null default '';   -- the report that stands instead
alter table surveillance_case add column author text not null default '';    -- account of the first version
alter table surveillance_case add column place bigint not null default 0;    -- province of the facility that reported
create index surveillance_case_facility on surveillance_case (facility, reported);

-- Pairs that a person found to be two cases.
create table surveillance_apart (
    report text not null,
    other  text not null,
    primary key (report, other)
);

-- Tests for the agent of a disease, one row for each disease they speak of.
create table surveillance_result (
    result      text   not null, -- Observation or DiagnosticReport id
    disease     text   not null,
    kind        text   not null, -- resource type
    patient     text   not null,
    facility    text   not null,
    place       bigint not null,
    at          bigint not null, -- sample taken, µs
    test        text   not null, -- code of the case form; empty = not said
    outcome     text   not null, -- positive, negative, doubtful, pending
    words       text   not null,
    sample      text   not null, -- Specimen id; empty = not said
    sensitivity text   not null,
    primary key (result, disease)
);
create index surveillance_result_patient on surveillance_result (patient, disease, at);

-- What became of a report, told to who sent it: each version that somebody else wrote.
create table surveillance_feedback (
    report      text   not null,
    version     bigint not null,
    facility    text   not null, -- that sent the report
    place       bigint not null,
    author      text   not null, -- account that sent it
    patient     text   not null,
    disease     text   not null, -- before
    becomes     text   not null, -- disease after; empty = the same
    was         text   not null, -- class before
    class       text   not null, -- class after
    reason      text   not null,
    sensitivity text   not null,
    at          bigint not null,
    primary key (report, version)
);
create index surveillance_feedback_facility on surveillance_feedback (facility, at);

-- What village workers tell the station.
create table surveillance_message (
    message  text   primary key, -- Communication id
    facility text   not null,
    place    bigint not null,
    author   text   not null,
    disease  text   not null, -- empty = not said
    who      text   not null,
    spot     text   not null,
    what     text   not null,
    born     bigint not null, -- year, 0 = not said
    sex      text   not null,
    phone    text   not null,
    since    bigint not null, -- day it began, -1 = not said
    at       bigint not null, -- sent, µs
    sender   text   not null, -- name
    report   text   not null, -- case report made of it; empty = none yet
    answer   text   not null, -- why it is no case; empty = not answered so
    answered bigint not null  -- µs
);
create index surveillance_message_facility on surveillance_message (facility, at);

-- Cases handed to a station, or to the desk of another province.
create table surveillance_handover (
    task     text   primary key,
    report   text   not null,
    patient  text   not null,
    facility text   not null, -- Organization that handed it on
    owner    text   not null, -- Organization that receives it
    place    bigint not null, -- unit of the resource's labels
    status   text   not null, -- requested, accepted
    at       bigint not null, -- handed, µs
    by_name  text   not null, -- who acknowledged
    seen     bigint not null  -- acknowledged, µs
);
create index surveillance_handover_owner on surveillance_handover (owner, status);
create index surveillance_handover_report on surveillance_handover (report);

-- Stations and provincial centres, to whom cases are handed.
create table surveillance_desk (
    organization text   primary key,
    kind         text   not null, -- station, cdc, other
    unit         bigint not null,
    name         text   not null
);
create index surveillance_desk_unit on surveillance_desk (unit, kind);
