-- Of communes and of every unit above. value follows the newest versions, seen
-- is what was counted when reported. The index holds whole rows: to judge a
-- province is to read a thousand of them.
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
) without rowid;
create index surveillance_count_below on surveillance_count (parent, span, start, unit, disease, class, value, seen);
