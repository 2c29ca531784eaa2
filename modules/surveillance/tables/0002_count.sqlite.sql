-- Of communes and of every unit above. value follows the newest versions, seen
-- is what was counted when reported. The table is its own key: judging a
-- province reads a thousand cells.
create table surveillance_count (
    disease text   not null,
    unit    bigint not null,
    span    text   not null, -- week or month
    start   bigint not null, -- first day
    class   text   not null,
    value   bigint not null,
    seen    bigint not null,
    primary key (unit, span, start, disease, class)
) without rowid;
