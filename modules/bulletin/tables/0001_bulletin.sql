-- What a line list shows of a person.
create table bulletin_person (
    patient text   primary key,
    name    text   not null,
    sex     text   not null,
    birth   text   not null, -- FHIR date, perhaps only a year
    address text   not null,
    unit    bigint not null
);

-- Which notifiable disease a diagnosis names now: a suspect case whose
-- diagnosis was corrected no longer counts.
create table bulletin_cause (
    cause   text primary key, -- Condition id
    disease text not null
);

-- The newest version of each case report, of open diseases only.
create table bulletin_case (
    report        text   primary key, -- Condition id
    disease       text   not null,
    patient       text   not null,
    encounter     text   not null,
    cause         text   not null,
    cause_disease text   not null, -- what that diagnosis said when the report was written
    facility      text   not null,
    label_unit    bigint not null, -- of the resource's labels
    sender        bigint not null, -- commune that sent it, on today's map; 0 = not known
    unit          bigint not null, -- it counts in, on today's map; 0 = not known
    province      bigint not null, -- 0 = not known
    day           bigint not null, -- of diagnosis
    onset         bigint not null, -- -1 = not known
    reported      bigint not null, -- first version, µs
    late          bigint not null, -- 1 = after its clock
    class         text   not null, -- as it counts
    claimed       text   not null, -- as the report says
    icd           text   not null,
    focus         text   not null,
    died          bigint not null  -- day; -1 = no
);
create index bulletin_case_unit on bulletin_case (unit, disease, day);
create index bulletin_case_province on bulletin_case (province, disease, day);
create index bulletin_case_disease on bulletin_case (disease, day);
create index bulletin_case_cause on bulletin_case (cause);

-- Cases by day of diagnosis (axis 0) and of onset (axis 1), of communes and of
-- every unit above. Cases without a day of onset stand on no day of axis 1.
create table bulletin_count (
    disease text     not null,
    unit    bigint   not null,
    parent  bigint   not null, -- the unit above; 0 = none
    axis    smallint not null,
    day     bigint   not null,
    class   text     not null,
    value   bigint   not null,
    died    bigint   not null,
    primary key (unit, axis, disease, day, class)
);
create index bulletin_count_below on bulletin_count (parent, axis, disease, day, unit, class, value);
create index bulletin_count_day on bulletin_count (unit, axis, day, disease, class, value, died);

-- What a commune sent of a week: signed visits, case reports, late ones. Visits
-- are never taken back: who wrote one was there.
create table bulletin_week (
    unit   bigint not null,
    week   bigint not null, -- Monday
    visits bigint not null,
    cases  bigint not null,
    late   bigint not null,
    last   bigint not null, -- newest, µs
    primary key (unit, week)
);

-- Units by code and name, for analysts.
create table bulletin_unit (
    unit     bigint primary key,
    code     text   not null,
    name     text   not null,
    level    text   not null, -- nation, province, commune
    province text   not null  -- code; empty above
);

-- Steps of events and notices of epidemics that open or close a focus.
create table bulletin_step (
    step     text   primary key, -- Communication id
    kind     text   not null, -- focus, declared, contained, closed; 01, 02 of an epidemic
    opens    text   not null, -- of the first step, or of form 01
    disease  text   not null,
    unit     bigint not null,
    province bigint not null,
    day      bigint not null
);
create index bulletin_step_place on bulletin_step (province, kind);
create index bulletin_step_opens on bulletin_step (opens);

create table bulletin_forecast (
    source  text   not null, -- DocumentReference id
    disease text   not null,
    unit    bigint not null,
    week    bigint not null, -- Monday
    value   double precision not null,
    low     double precision not null,
    high    double precision not null,
    primary key (source, disease, unit, week)
);
create index bulletin_forecast_of on bulletin_forecast (unit, disease, week);

create table bulletin_forecast_file (
    source    text   primary key,
    name      text   not null, -- of who made it
    made      bigint not null, -- day
    loaded    bigint not null, -- µs
    unit      bigint not null, -- of who loaded it
    facility  text   not null,
    rows      bigint not null
);
