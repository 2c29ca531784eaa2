-- Steps of events, as their resources say them.
create table events_step (
    id    text   primary key, -- Communication id
    seq   bigint not null,    -- of the log: the order in which they were written
    event text   not null,    -- the first signal
    step  text   not null     -- JSON of Step
);
create index events_step_event on events_step (event, seq);

-- What the steps of each event amount to.
create table events_event (
    id       text   primary key, -- Communication id of the first signal
    unit     bigint not null,    -- commune
    province bigint not null,    -- of that commune; 0 = unknown
    stage    text   not null,
    disease  text   not null,    -- empty = not known
    focus    text   not null,    -- folded name; empty = there was none
    first    bigint not null,    -- days from and to which cases of that name belong to it
    last     bigint not null,
    author   text   not null,    -- account of who gave the first signal
    told     bigint not null,    -- µs
    moved    bigint not null,    -- last step, µs
    event    text   not null     -- JSON of Event
);
create index events_event_unit on events_event (unit, stage);
create index events_event_province on events_event (province, stage);
create index events_event_author on events_event (author);
create index events_event_focus on events_event (disease, focus);

-- Case reports as far as foci need them, without who it is.
create table events_case (
    report      text     primary key, -- Condition id
    disease     text     not null,
    patient     text     not null,
    form        text     not null,    -- QuestionnaireResponse id
    unit        bigint   not null,    -- commune
    province    bigint   not null,
    day         bigint   not null,
    onset       bigint   not null,    -- -1 = unknown
    class       text     not null,
    focus       text     not null,    -- folded name; empty = none
    died        smallint not null,
    facility    text     not null,
    label_unit  bigint   not null,
    sensitivity text     not null,
    version     bigint   not null
);
create index events_case_focus on events_case (disease, focus, province);
create index events_case_near on events_case (disease, province, day);

-- Contacts of cases.
create table events_contact (
    id          text   primary key, -- Task id
    event       text   not null,
    patient     text   not null,    -- whose contact
    facility    text   not null,
    unit        bigint not null,
    province    bigint not null,
    sensitivity text   not null,
    status      text   not null,
    first       bigint not null,    -- day of the last contact
    last        bigint not null,    -- last day of following
    checked     bigint not null,    -- day last asked, -1 = never
    version     bigint not null,
    contact     text   not null     -- JSON of Contact
);
create index events_contact_event on events_contact (event);
create index events_contact_unit on events_contact (unit, last);
create index events_contact_province on events_contact (province, last);

-- What is to be done against a focus.
create table events_task (
    id       text   primary key, -- Task id
    event    text   not null,
    facility text   not null,
    unit     bigint not null,
    version  bigint not null,
    due      bigint not null,    -- day
    done     smallint not null,
    task     text   not null     -- JSON of Duty
);
create index events_task_event on events_task (event);

-- Forms 01 and 02 of TT 15/2026, which surveillance writes.
create table events_notice (
    id       text   primary key, -- Communication id
    form     text   not null,    -- 01 or 02
    opens    text   not null,    -- of form 02: the form 01 it ends
    disease  text   not null,
    unit     bigint not null,
    day      bigint not null,
    facility text   not null
);
create index events_notice_unit on events_notice (unit, disease);
