-- Health workers, as the directory has them.
create table peers_person (
    practitioner text not null primary key,
    name         text not null,
    name_sort    text not null
);
create table peers_post (
    post         text   not null primary key, -- PractitionerRole id
    practitioner text   not null,
    role         text   not null,
    facility     text   not null,
    since        bigint not null, -- days since 1970-01-01
    until        bigint not null  -- last day; the largest day when open
);
create index peers_post_practitioner on peers_post (practitioner);
create index peers_post_facility on peers_post (facility);
create table peers_place (
    facility text not null primary key,
    name     text not null,
    unit     bigint not null,
    province bigint not null
);
create index peers_place_unit on peers_place (province, unit);
