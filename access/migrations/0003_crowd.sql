-- Accounts that were shown more persons on a day than content/policies/crowd.toml
-- allows their role: one line for each account and day.

create table access_crowd (
	account text not null,
	day bigint not null,
	name text not null,
	role text not null,
	facility_name text not null,
	unit bigint not null,
	people bigint not null,         -- the limit that was passed
	at bigint not null,
	primary key (account, day)
);
