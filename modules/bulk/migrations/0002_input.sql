-- What an import is to take in lies in the blob store until it ended.
alter table bulk_job add column input text not null default '';
