-- Changes of the settings of a disease, from the proposal on; never deleted. In
-- force: approved, from its first day on, and not taken back; the newest wins.
create table detection_setting (
    setting      text   primary key, -- PlanDefinition id
    disease      text   not null,
    unit         bigint not null, -- the nation, or the province that decides for itself
    change       text   not null, -- JSON, as content.DetectionChange
    starts       bigint not null, -- first day; once approved never before the day after
    proposed     bigint not null, -- µs
    author       text   not null, -- account
    practitioner text   not null,
    facility     text   not null,
    approved     bigint not null, -- seq; 0 = not
    ended        bigint not null  -- seq at which it was refused or taken back; 0 = not
);
create index detection_setting_disease on detection_setting (disease, approved);

-- What was done with them, when, by whom and why.
create table detection_setting_step (
    setting text   not null,
    seq     bigint not null,
    kind    text   not null, -- proposed, approved, refused, withdrawn
    name    text   not null,
    words   text   not null,
    at      bigint not null, -- µs
    primary key (setting, seq)
);
