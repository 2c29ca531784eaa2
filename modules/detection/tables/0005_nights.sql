-- What the full run of each night found when it held the whole nation against
-- what stands here.
create table detection_night (
    day      bigint not null primary key,
    seq      bigint not null,
    at       bigint not null, -- µs
    position bigint not null, -- of the log, that it rests on
    series   bigint not null, -- judged
    cells    bigint not null, -- sums of a week that were wrong
    differ   bigint not null, -- series and weeks judged otherwise, and judged again
    scans    bigint not null, -- diseases scanned
    clusters bigint not null, -- that are an alert
    took     bigint not null  -- ms
);

-- What the scan of a night found of a disease, the most likely first.
create table detection_cluster (
    day        bigint not null,
    disease    text   not null,
    place      bigint not null, -- 0, 1 …
    seq        bigint not null,
    position   bigint not null, -- of the log, that it rests on
    settings   text   not null, -- hash
    centre     bigint not null,
    lead       bigint not null, -- the commune with the most cases above the expected
    units      text   not null, -- communes, with spaces between
    radius     double precision not null, -- km
    days       bigint not null, -- length; it ends with the day
    cases      bigint not null,
    expected   double precision not null,
    ratio      double precision not null, -- logarithm of the likelihood ratio
    p          double precision not null,
    recurrence double precision not null, -- days
    alert      text   not null, -- key of the alert it belongs to; empty = none
    primary key (day, disease, place)
);
create index detection_cluster_alert on detection_cluster (alert, day);
