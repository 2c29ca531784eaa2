-- A part may say what was deleted instead of what is there.
alter table bulk_part add column deleted smallint not null default 0;
