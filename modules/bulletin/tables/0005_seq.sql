-- In which order steps were written: a focus that was opened again after it was
-- closed, perhaps on the same day, is open.
alter table bulletin_step add column seq bigint not null default 0; -- of the log
