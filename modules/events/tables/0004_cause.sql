-- Which notifiable disease a diagnosis names now, and what case reports rest on:
-- a suspect case whose diagnosis was corrected holds no focus.
create table events_cause (
    cause   text primary key, -- Condition id
    disease text not null
);
alter table events_case add column claimed       text not null default ''; -- class that the report itself says
alter table events_case add column cause         text not null default ''; -- diagnosis it rests on; empty = none named
alter table events_case add column cause_disease text not null default ''; -- what that named when the report was written
alter table events_case add column same_as       text not null default ''; -- report of the same case that stands instead
create index events_case_cause on events_case (cause) where cause <> '';
