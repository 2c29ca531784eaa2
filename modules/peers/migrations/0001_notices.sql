-- The number of each health worker in every bitmap; given once, never reused.
create table peers_member (
    number       bigint not null primary key,
    practitioner text   not null unique
);
create table peers_notice (
    id        text     not null primary key,
    author    text     not null, -- practitioner id
    sender    text     not null, -- name and facility, as published
    unit      bigint   not null, -- whose subtree is addressed
    roles     text     not null, -- separated by spaces; empty = everybody
    title     text     not null,
    body      text     not null,
    at        bigint   not null, -- µs since 1970
    due       bigint   not null, -- µs since 1970; acknowledge before
    audience  bytea    not null, -- frozen at publication: one bit a member
    places    bytea    not null, -- the unit of each, in the order of the bits, four octets
    addressed bigint   not null  -- size of the audience
);
create index peers_notice_at on peers_notice (at);
create table peers_ack (
    notice       text   not null,
    practitioner text   not null,
    at           bigint not null, -- µs since 1970
    primary key (notice, practitioner)
);
