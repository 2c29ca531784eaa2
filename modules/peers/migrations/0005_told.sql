-- What a call is made of, as JSON (Reminder); title and body are empty then: they
-- are written when it is shown. Calls of before have '', and say what stands in
-- title and body.
alter table peers_call add column told text not null default '';
