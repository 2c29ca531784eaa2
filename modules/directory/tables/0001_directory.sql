-- Facilities and authorities.
create table directory_facility (
    facility  text   not null primary key, -- Organization id
    code      text   not null,             -- empty when it has none
    name      text   not null,
    folded    text   not null,             -- ' tram y te xa lien bao', for search
    name_sort text   not null,
    kind      text   not null,             -- code of /cs/facility-type
    unit      bigint not null,             -- where it stands; 0 = unknown
    province  bigint not null,
    part_of   text   not null,             -- the facility above it, or empty
    address   text   not null,
    phone     text   not null,
    active    bigint not null
);
create index directory_facility_unit on directory_facility (unit, name_sort, facility);
create index directory_facility_province on directory_facility (province, name_sort, facility);
create index directory_facility_name on directory_facility (name_sort, facility);
create index directory_facility_part on directory_facility (part_of);

-- Health workers and the posts they hold.
create table directory_worker (
    practitioner text not null primary key,
    name         text not null,
    name_sort    text not null,
    licence      text not null -- practice licence, or empty
);
create table directory_post (
    post         text   not null primary key, -- PractitionerRole id
    practitioner text   not null,
    facility     text   not null,
    role         text   not null, -- code of /cs/role
    since        bigint not null, -- days since 1970-01-01
    until        bigint not null  -- last day; the largest day when open
);
create index directory_post_facility on directory_post (facility);

-- Households (Group with a household number) and who belongs to them.
create table directory_household (
    household text   not null primary key, -- Group id
    number    text   not null,
    name      text   not null, -- of the head
    folded    text   not null,
    name_sort text   not null,
    facility  text   not null, -- that wrote it
    unit      bigint not null, -- commune
    people    bigint not null
);
create index directory_household_unit on directory_household (unit, name_sort, household);
create table directory_member (
    household text   not null,
    patient   text   not null,
    place     bigint not null, -- order in the household, the head first
    primary key (household, patient)
);
create table directory_resident (
    patient     text   not null primary key,
    name        text   not null,
    sex         text   not null,
    birth       text   not null, -- ISO, may be partial or empty
    facility    text   not null,
    unit        bigint not null,
    sensitivity text   not null
);
