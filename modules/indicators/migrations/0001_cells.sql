-- What one resource adds (flow), or one resource of one person (people).
-- patient is empty for resources about nobody.
create table indicators_item (
    resource    text   not null, -- Type/id
    indicator   text   not null,
    patient     text   not null,
    facility    text   not null, -- Organization id
    category    text   not null, -- code of /cs/category, for the guard
    sensitivity text   not null, -- codes, separated by spaces
    origin      bigint not null, -- commune as recorded, or the lowest unit known: of the map of its time
    unit        bigint not null, -- what that is on the latest map
    day         bigint not null, -- days since 1970-01-01
    -- A case report not yet confirmed rests on a diagnosis: it is held, that
    -- is listed and counted nowhere, while that diagnosis has been corrected
    -- to another disease and nobody has updated the report.
    cause       text   not null, -- Condition id of the diagnosis; '' = rests on none
    said        text   not null, -- the disease it named when the report was written, - = none; '' = unchanged since
    held        bigint not null,
    primary key (resource, indicator)
);
create index indicators_item_cause on indicators_item (cause);
create index indicators_item_unit on indicators_item (indicator, unit, day);
create index indicators_item_patient on indicators_item (indicator, patient);

-- The sums: for flows the events of the day, for people those who came new.
-- What carries a sensitivity label is summed apart: not everybody may count it.
create table indicators_cell (
    indicator text   not null,
    unit      bigint not null,
    day       bigint not null,
    closed    bigint not null, -- 1 = carries a label
    value     bigint not null,
    primary key (indicator, unit, day, closed)
);
