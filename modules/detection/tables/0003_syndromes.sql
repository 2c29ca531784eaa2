-- Syndromes, from visits and telehealth cases. Counts alone reach a reader; of a
-- person there is nothing here.

-- What each visit that counts gives to the counts now.
create table detection_visit (
    visit     text   primary key, -- Encounter/id, or ServiceRequest/id of a telehealth case without a visit
    unit      bigint not null,    -- of the facility, on today's map; 0 = none known
    day       bigint not null,
    syndromes text   not null     -- it counts for, with spaces between
);

-- What says so: the reason of the visit, a diagnosis, a telehealth case.
create table detection_sign (
    source    text primary key, -- Type/id
    visit     text not null,
    syndromes text not null
);
create index detection_sign_visit on detection_sign (visit);

-- Visits of a unit by day: the days of a year in one row, numbers with spaces
-- between. The syndrome is empty for all visits, '*' for how many communes had
-- any.
create table detection_daily (
    unit     bigint not null,
    syndrome text   not null,
    year     bigint not null,
    counts   text   not null,
    primary key (unit, syndrome, year)
);

-- Judgements of days, never altered: one when a day becomes an alarm and one
-- when it no longer is.
create table detection_syndrome (
    syndrome  text     not null,
    unit      bigint   not null,
    day       bigint   not null,
    seq       bigint   not null, -- position of the log it rests on
    at        bigint   not null, -- of that change, µs
    settings  text     not null, -- hash
    cases     bigint   not null, -- visits for the syndrome
    visits    bigint   not null, -- for all reasons
    expected  double precision not null, -- by the share of visits
    bound     double precision not null,
    usual     double precision not null, -- by the kind of day
    chance    double precision not null,
    sources   text     not null, -- that name it, with spaces between
    alarm     smallint not null,
    reporting bigint   not null, -- communes that had visits on the day
    expecting bigint   not null, -- of how many
    basis     text     not null, -- what it was judged by: factors, then days with their visits
    primary key (unit, day, syndrome, seq)
);
