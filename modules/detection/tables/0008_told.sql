-- Of reports of one case the death is news once, whichever of them counts.
alter table detection_case add column told    smallint not null default 0;  -- 1 = its death was news already
alter table detection_case add column same_as text     not null default ''; -- report of the same case that counts instead
create index detection_case_told on detection_case (same_as) where told = 1;

-- The alerts of a disease that wait: asked for each case, above communes.
create index detection_alert_disease on detection_alert (disease, opened);
