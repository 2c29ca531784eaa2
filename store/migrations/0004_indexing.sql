-- What the index is being brought in line with: the form of its rows ('form/N'),
-- and each version of a search parameter of the store's own
-- ('code#id/version', types joined by a space in about).
create table indexing (
	name text not null primary key,
	about text not null,
	state bigint not null,       -- 0 rows are added, 1 ready, 2 rows are taken away
	since bigint not null,       -- µs: when it was wanted
	rid bigint not null          -- resources up to here have their rows
);
