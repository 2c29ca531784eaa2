-- Series that a method was asked about lately: what is heard of others can change
-- what is to be said of them.
create table detection_watch (
    unit     bigint not null,
    disease  text   not null,
    province bigint not null, -- of the unit; 0 above provinces
    until    bigint not null, -- last Monday of which a method may be asked
    beside   bigint not null, -- last Monday that was set beside the province; before all days when none was
    primary key (unit, disease)
);
create index detection_watch_province on detection_watch (province, disease, beside);

-- Series that are to be judged again, a few with each change. Of a day to come:
-- all series of the disease (empty: of every one) in the unit, from that day on.
create table detection_due (
    unit    bigint not null,
    disease text   not null,
    day     bigint not null, -- not before; 0 = at once
    week    bigint not null, -- first Monday that may be judged otherwise
    patient bigint not null, -- -1 = before others, 0 = soon, else not before that day
    seq     bigint not null, -- of the change that made it due
    primary key (unit, disease, day)
);
create index detection_due_seq on detection_due (patient, seq, unit desc, disease);

-- The first change begins a week, of the nation; each makes the next one due.
insert into detection_due (unit, disease, day, week, patient, seq) values (1, '', 1, 0, 0, 0);

-- The night counts the visits of the last days anew.
create index detection_visit_day on detection_visit (day);
