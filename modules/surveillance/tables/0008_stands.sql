-- Which of the reports of one case stands: the later word counts, so when each
-- was written last, and when a link was last in question.
alter table surveillance_case add column written bigint not null default 0; -- seq of the newest version
alter table surveillance_case add column judged  bigint not null default 0; -- seq of the version that set disease, class or death
alter table surveillance_case add column touched bigint not null default 0; -- it or the report that stands for it changed, µs
alter table surveillance_case add column widowed smallint not null default 0; -- 1 = the report that stood for it is gone
alter table surveillance_case add column refused bigint not null default 0; -- found to be no case, µs; 0 = it is one
create index surveillance_case_same on surveillance_case (same_as) where same_as <> '';
create index surveillance_case_touched on surveillance_case (touched) where same_as <> '';

-- A laboratory that speaks after a case was refused is heard.
alter table surveillance_result add column entered bigint not null default 0; -- newest version committed, µs

-- Who reported a case that another report stands for is told of that one too.
drop table surveillance_feedback;
create table surveillance_feedback (
    report      text   not null,
    of          text   not null, -- the report whose version it is: itself, or the one that stands for it
    version     bigint not null,
    facility    text   not null, -- that sent the report
    place       bigint not null,
    author      text   not null, -- account that sent it
    patient     text   not null,
    disease     text   not null, -- before
    becomes     text   not null, -- disease after; empty = the same
    was         text   not null, -- class before
    class       text   not null, -- class after
    reason      text   not null,
    sensitivity text   not null,
    at          bigint not null,
    primary key (report, of, version)
);
create index surveillance_feedback_facility on surveillance_feedback (facility, at);
