-- Where a person lives and what lists of cases show of them.
create table surveillance_person (
    patient   text   primary key,
    name      text   not null,
    name_sort text   not null,
    sex       text   not null,
    birth     text   not null, -- FHIR date, perhaps only a year
    unit      bigint not null
);

create table surveillance_visit (
    encounter text     primary key,
    patient   text     not null,
    facility  text     not null, -- Organization id
    place     bigint   not null, -- unit of the facility
    signed    smallint not null  -- 1 = finished
);

-- Notifiable diagnoses of visits, signed or not.
create table surveillance_diagnosis (
    cause       text   primary key, -- Condition id
    encounter   text   not null,
    patient     text   not null,
    disease     text   not null,
    code        text   not null, -- ICD-10
    words       text   not null,
    at          bigint not null, -- recordedDate, µs
    since       bigint not null, -- it names this disease, µs: at, or when it was corrected to it
    sensitivity text   not null, -- codes, separated by spaces
    draft       text   not null  -- cause of the episode it belongs to; empty = none
);
create index surveillance_diagnosis_patient on surveillance_diagnosis (patient, disease);
create index surveillance_diagnosis_encounter on surveillance_diagnosis (encounter);

-- One row for each person, disease and episode.
create table surveillance_draft (
    cause     text   primary key, -- the Condition that began the episode
    disease   text   not null,
    code      text   not null,
    words     text   not null,
    patient   text   not null,
    encounter text   not null,
    facility  text   not null,
    place     bigint not null, -- unit of the facility
    unit      bigint not null, -- commune of residence
    at        bigint not null, -- diagnosed, µs
    since     bigint not null, -- the clock runs, µs
    due       bigint not null, -- µs
    triggers  bigint not null, -- diagnoses of the episode
    report    text   not null, -- Condition id of the case report; empty = not sent
    refuted   smallint not null
);
create index surveillance_draft_place on surveillance_draft (place, report);
create index surveillance_draft_unit on surveillance_draft (unit, report);
create index surveillance_draft_patient on surveillance_draft (patient, disease);

create table surveillance_case (
    report        text     primary key, -- Condition id
    disease       text     not null,
    patient       text     not null,
    encounter     text     not null,
    cause         text     not null, -- triggering Condition; empty = none known
    drafted       text     not null, -- disease of the draft it answered; empty = of none
    cause_disease text     not null, -- what that diagnosis said when the report was written
    focus         text     not null, -- named focus or cluster; empty = none
    facility      text     not null,
    label_unit    bigint   not null, -- unit of the resource's labels
    sensitivity   text     not null,
    unit          bigint   not null, -- commune it counts in
    province      bigint   not null, -- of that commune; 0 = unknown
    day           bigint   not null, -- it counts on
    onset         bigint   not null, -- day of onset, -1 = unknown
    class         text     not null, -- suspect, probable, confirmed, refuted, changed
    claimed       text     not null, -- the class that the report itself says
    reported      bigint   not null, -- first version, µs
    version       bigint   not null
);
create index surveillance_case_unit on surveillance_case (unit, day);
create index surveillance_case_newest on surveillance_case (unit, reported);
create index surveillance_case_province on surveillance_case (province, reported);
create index surveillance_case_patient on surveillance_case (patient, disease);
create index surveillance_case_cause on surveillance_case (cause);

-- Forms 01 (an epidemic is declared) and 02 (it is over).
create table surveillance_epidemic (
    notice   text   primary key, -- Communication id
    form     text   not null,    -- 01 or 02
    opens    text   not null,    -- of form 02: the form 01 it ends
    disease  text   not null,
    unit     bigint not null,
    day      bigint not null,
    facility text   not null
);
create index surveillance_epidemic_unit on surveillance_epidemic (unit, disease);
