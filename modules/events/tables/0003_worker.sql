-- The village health worker who follows a contact: Practitioner id; empty = the
-- station.
alter table events_contact add column worker text not null default '';
create index events_contact_worker on events_contact (worker, last);
