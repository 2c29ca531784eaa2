-- Consultations. Two resources fill a row, in either order: the ServiceRequest
-- (what is asked) and its Task (how far, by whom).
create table telehealth_case (
    id             text     not null primary key, -- ServiceRequest
    asked_for      smallint not null default 0,   -- 1 once the ServiceRequest is known
    task           text     not null default '',
    patient        text     not null default '',
    patient_name   text     not null default '',
    encounter      text     not null default '',
    facility       text     not null default '',
    unit           bigint   not null default 0,
    hospital       text     not null default '',
    hospital_name  text     not null default '',
    requester      text     not null default '',
    requester_name text     not null default '',
    urgency        text     not null default '',
    question       text     not null default '',
    asked          bigint   not null default 0,
    author         text     not null default '',
    sensitivity    text     not null default '',
    expert         text     not null default '',
    expert_name    text     not null default '',
    state          text     not null default '',
    moved          bigint   not null default 0,
    report         text     not null default '',
    answer         text     not null default '',
    decision       text     not null default ''
);
create index telehealth_case_facility on telehealth_case (facility, asked);
create index telehealth_case_expert on telehealth_case (expert, asked);
create index telehealth_case_hospital on telehealth_case (hospital, asked);
create index telehealth_case_encounter on telehealth_case (encounter);
create index telehealth_case_patient on telehealth_case (patient);

-- Every move of a case: who, when, why.
create table telehealth_step (
    seq     bigint not null primary key, -- of the change
    case_id text   not null,
    task    text   not null,
    at      bigint not null,
    state   text   not null,
    who     text   not null,
    why     text   not null
);
create index telehealth_step_case on telehealth_step (case_id, seq);

-- Facilities by name; kind is the code of /cs/facility-type.
create table telehealth_place (
    id   text   not null primary key,
    name text   not null,
    kind text   not null,
    unit bigint not null
);

-- Who is an expert where.
create table telehealth_role (
    id           text   not null primary key, -- PractitionerRole
    practitioner text   not null,
    organization text   not null,
    since        bigint not null, -- days since epoch
    until        bigint not null  -- the last day
);
create index telehealth_role_organization on telehealth_role (organization);

create table telehealth_name (
    practitioner text not null primary key,
    name         text not null,
    name_sort    text not null
);
