-- How far each view has followed the log. Its tables are saved in the same
-- transaction as its position.
create table follower (
	name text not null primary key,
	version bigint not null,
	seq bigint not null,
	tables text not null         -- names, joined by a space
);
