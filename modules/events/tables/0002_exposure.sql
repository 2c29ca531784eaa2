-- The cases that a case was exposed together with, or to: "kind report", one a
-- line.
alter table events_case add column exposed text not null default '';
