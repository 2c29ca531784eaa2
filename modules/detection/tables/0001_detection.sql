-- Where a person lives, for cases whose report names no commune.
create table detection_person (
    patient text   primary key,
    unit    bigint not null
);

-- Which notifiable disease a diagnosis names now: a suspect case whose
-- diagnosis was corrected no longer counts.
create table detection_cause (
    cause   text primary key, -- Condition id
    disease text not null
);

-- The newest version of each case report, of open diseases only.
create table detection_case (
    report        text     primary key, -- Condition id
    disease       text     not null,
    patient       text     not null,
    commune       bigint   not null, -- on today's map; 0 = none known
    province      bigint   not null, -- 0 = none known
    day           bigint   not null, -- it counts on
    class         text     not null, -- as it counts
    claimed       text     not null, -- as the report says
    focus         text     not null, -- named focus; empty = none
    cause         text     not null,
    cause_disease text     not null, -- what that diagnosis said when the report was written
    died          smallint not null,
    reported      bigint   not null  -- first version, µs
);
create index detection_case_commune on detection_case (disease, commune, day);
create index detection_case_died on detection_case (disease, commune, day) where died = 1;
create index detection_case_cause on detection_case (cause);

-- What every change did to the counts, never altered: the counts of any
-- position of the log are sums of it, so a verdict of long ago can be computed
-- again.
create table detection_ledger (
    seq      bigint   not null,
    part     smallint not null, -- within the change
    disease  text     not null,
    commune  bigint   not null,
    province bigint   not null,
    day      bigint   not null,
    focus    text     not null,
    change   smallint not null, -- +1 or -1
    primary key (seq, part)
);
create index detection_ledger_disease on detection_ledger (disease, province, commune, day);

-- The same summed up by week, in communes and every unit above: the weeks of an
-- ISO year in one row, numbers with spaces between. counts follow the newest
-- versions, seen is what was counted when first reported.
create table detection_year (
    disease text   not null,
    unit    bigint not null,
    year    bigint not null,
    counts  text   not null,
    seen    text   not null,
    primary key (disease, unit, year)
);

-- Weeks in which a unit was heard of: a case, or a visit. Rows are never taken
-- back: who reported something wrong reported.
create table detection_reporting (
    unit    bigint not null,
    week    bigint not null,
    seq     bigint not null, -- since when this is known
    visited bigint not null, -- seq of the first visit of the week; 0 = none
    heard   bigint not null, -- communes of the unit that were
    last    bigint not null, -- newest report, µs
    primary key (unit, week)
);
create index detection_reporting_week on detection_reporting (week);

-- Every judgement that was made, never altered.
create table detection_verdict (
    disease   text     not null,
    unit      bigint   not null,
    week      bigint   not null, -- Monday of the week judged
    seq       bigint   not null, -- position of the log it rests on
    at        bigint   not null, -- of that change, µs
    method    text     not null,
    settings  text     not null, -- hash
    observed  bigint   not null, -- without those of open foci; -1 = not reported
    foci      bigint   not null, -- cases of open foci, taken out before
    expected  double precision not null,
    bound     double precision not null,
    p         double precision not null, -- 1 = not computed
    score     double precision not null,
    trend     smallint not null,
    reason    text     not null, -- why there is no bound; judged = there is one
    alarm     smallint not null,
    reporting bigint   not null, -- units below, or the unit itself, that reported in the week
    expecting bigint   not null, -- of how many
    primary key (disease, unit, week, seq)
);

-- One open alert for each disease and unit; reports that follow attach.
create table detection_alert (
    alert    text     primary key, -- disease/unit code/week it opened
    disease  text     not null,
    unit     bigint   not null,
    province bigint   not null, -- of the unit; 0 above provinces
    opened   bigint   not null, -- µs
    seq      bigint   not null,
    rule     text     not null, -- why: see alert.go
    died     smallint not null, -- a death among its cases
    since    bigint   not null, -- first day it covers
    week     bigint   not null, -- Monday of the verdict it rests on; 0 = of none
    verdict  bigint   not null, -- seq of that verdict
    reports  bigint   not null, -- that came since it opened, its first included
    cases    bigint   not null, -- counted since the week of its first day
    last     bigint   not null, -- newest of them, µs
    settings text     not null, -- hash
    weight   double precision not null,
    p        double precision not null,
    pushed   smallint not null, -- 2 = always, 1 = by evidence, 0 = in the ranked list only, -1 = never
    parent   text     not null, -- alert that is shown instead of it; empty = stands alone
    holds    smallint not null, -- 0 = its cases were taken back
    due      bigint   not null, -- to be answered, µs
    answer   text     not null, -- kind of the last answer; empty = none
    answered bigint   not null, -- first answer, µs; 0 = none
    cooled   bigint   not null  -- no new alert before, µs
);
create index detection_alert_unit on detection_alert (unit, disease, opened);
create index detection_alert_province on detection_alert (province, opened);
create index detection_alert_week on detection_alert (week);
create index detection_alert_opened on detection_alert (opened);

create table detection_answer (
    answer   text   primary key, -- Communication id
    alert    text   not null,
    kind     text   not null,
    words    text   not null,
    author   text   not null,
    facility text   not null, -- Organization id
    at       bigint not null  -- µs
);
create index detection_answer_alert on detection_answer (alert, at);

-- Steps of events, as far as alerts need them.
create table detection_step (
    step     text   primary key, -- Communication id
    first    text   not null,    -- the signal it follows; itself for a signal
    kind     text   not null,
    disease  text   not null,
    unit     bigint not null,
    focus    text   not null,    -- folded name; empty = none
    alert    text   not null,    -- key of the alert it answers; empty = none
    day      bigint not null,
    at       bigint not null, -- written, µs
    seq      bigint not null
);
create index detection_step_first on detection_step (first);
create index detection_step_place on detection_step (disease, unit);
create index detection_step_alert on detection_step (alert);

create table detection_duty (
    schedule     text   primary key, -- Schedule id
    unit         bigint not null,
    facility     text   not null,
    practitioner text   not null,
    name         text   not null,
    starts       bigint not null, -- first day
    ends         bigint not null  -- last day
);
create index detection_duty_unit on detection_duty (unit, ends);
