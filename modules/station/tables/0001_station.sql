-- Stations and their sub-sites (điểm trạm); station is the top of the pair.
create table station_place (
    facility text   not null primary key,
    station  text   not null,
    name     text   not null,
    kind     text   not null,
    unit     bigint not null
);

-- People as reception finds them.
create table station_person (
    patient     text     not null primary key,
    facility    text     not null, -- managingOrganization
    station     text     not null,
    unit        bigint   not null, -- residence
    name        text     not null, -- as printed
    folded      text     not null, -- ' nguyen van an'
    name_sort   text     not null,
    sex         text     not null,
    birth       text     not null, -- ISO, may be partial or empty
    number      text     not null, -- personal number, empty when unknown
    insurance   text     not null,
    phone       text     not null,
    address     text     not null, -- as printed
    sensitivity text     not null
);
create index station_person_station on station_person (station, name_sort);
create index station_person_number on station_person (number);
create index station_person_insurance on station_person (insurance);

-- One row a syllable of the name: the prefix search runs over it.
create table station_token (
    station text not null,
    token   text not null,
    patient text not null,
    primary key (station, token, patient)
);
create index station_token_patient on station_token (patient);

-- Visits of every state.
create table station_visit (
    encounter   text   not null primary key,
    patient     text   not null,
    facility    text   not null,
    station     text   not null,
    unit        bigint not null, -- of the facility
    day         bigint not null, -- days since 1970-01-01
    status      text   not null, -- FHIR encounter-status
    arrived     bigint not null, -- µs since 1970
    ended       bigint not null, -- µs; 0 = not yet
    reason      text   not null,
    clinician   text   not null, -- practitioner id
    sensitivity text   not null,
    version     bigint not null
);
create index station_visit_day on station_visit (station, day);
create index station_visit_open on station_visit (station) where status in ('arrived', 'in-progress');
create index station_visit_patient on station_visit (patient, day);

-- The queue.
create table station_ticket (
    task      text   not null primary key,
    patient   text   not null,
    facility  text   not null,
    station   text   not null,
    encounter text   not null,
    number    text   not null,
    status    text   not null,
    day       bigint not null
);
create index station_ticket_day on station_ticket (station, day);
create index station_ticket_encounter on station_ticket (encounter);

-- What was measured; the last value and its date stand beside a new entry.
create table station_measure (
    observation text   not null,
    code        text   not null, -- LOINC
    patient     text   not null,
    encounter   text   not null,
    value       text   not null, -- as written
    unit        text   not null, -- as people write it
    at          bigint not null, -- µs
    final       bigint not null, -- 1 when signed
    sensitivity text   not null,
    primary key (observation, code)
);
create index station_measure_patient on station_measure (patient, code, at);

-- Diagnoses and treatment lines of visits, for lists and the register.
create table station_line (
    resource    text   not null primary key, -- Type/id
    encounter   text   not null,
    patient     text   not null,
    kind        text   not null, -- diagnosis, medicine, advice, follow-up
    code        text   not null,
    words       text   not null,
    day         bigint not null, -- follow-up: the day asked for
    rank        bigint not null,
    sensitivity text   not null
);
create index station_line_encounter on station_line (encounter);
