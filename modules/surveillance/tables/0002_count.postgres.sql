-- As 0002_count.sqlite.sql.
create table surveillance_count (
    disease text   not null,
    unit    bigint not null,
    parent  bigint not null, -- the unit above; 0 = none
    span    text   not null, -- week or month
    start   bigint not null, -- first day
    class   text   not null,
    value   bigint not null,
    seen    bigint not null,
    primary key (unit, span, start, disease, class)
);
create index surveillance_count_below on surveillance_count (parent, span, start, unit, disease, class, value, seen);
