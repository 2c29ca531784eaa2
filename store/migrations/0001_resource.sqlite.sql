-- Resources and their search indexes, as 0001_resource.postgres.sql, but
-- clustered by hand: rid is the rowid, index tables are their own key.
--
-- t is the shard key, a bucket of the immutable patient id, 0 where there is
-- no patient. It is part of every key (last, so that one search is one range).

-- The current version of every resource. A deleted one keeps its row, its
-- labels and an empty body.
create table res (
	rid integer primary key,     -- app-made, grows with time
	t bigint not null,
	kh bigint not null,          -- hash64(typ/id); verify typ and id
	typ text not null,
	id text not null,
	ver bigint not null,
	upd bigint not null,         -- µs
	op text not null,            -- create, update, delete
	actor text not null,         -- account that wrote this version
	del smallint not null,
	patient text not null,       -- labels; '' when absent
	facility text not null,
	unit bigint not null,
	sens text not null,          -- codes joined by a space
	category text not null,      -- of /cs/category or /cs/task
	draft smallint not null,     -- not signed off yet
	author text not null,
	body text not null           -- the exact JSON
);
create unique index res_kh on res (kh);
create index res_upd on res (typ, upd, rid);
create index res_typ on res (typ, rid);

-- Superseded versions only: a create writes no row here.
create table ver (
	rid bigint not null,
	ver bigint not null,
	t bigint not null,
	upd bigint not null,
	op text not null,
	actor text not null,
	body text not null,          -- '' for a delete
	primary key (rid, ver, t)
) without rowid;

create table ih   (p bigint not null, h bigint not null, rid bigint not null, t bigint not null, primary key (p, h, rid, t)) without rowid;
create table istr (p bigint not null, v text not null, rid bigint not null, t bigint not null, primary key (p, v, rid, t)) without rowid;
create table ir   (p bigint not null, lo double precision not null, rid bigint not null, hi double precision not null, t bigint not null, primary key (p, lo, rid, hi, t)) without rowid;
create table ic   (p bigint not null, h bigint not null, lo double precision not null, rid bigint not null, t bigint not null, primary key (p, h, lo, rid, t)) without rowid;
