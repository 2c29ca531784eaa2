alter table bulletin_case add column same_as text not null default ''; -- report of the same case that counts instead
