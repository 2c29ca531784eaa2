-- Resources and their search indexes. See 0001_resource.sqlite.sql, which is
-- the same logical schema.

create table res (
	rid bigint not null,
	t bigint not null,
	kh bigint not null,
	typ text collate "C" not null,
	id text collate "C" not null,
	ver bigint not null,
	upd bigint not null,
	op text not null,
	actor text not null,
	del smallint not null,
	patient text collate "C" not null,
	facility text collate "C" not null,
	unit bigint not null,
	sens text not null,
	category text not null,      -- of /cs/category or /cs/task
	draft smallint not null,     -- not signed off yet
	author text not null,
	body text not null,
	primary key (rid)
);
create unique index res_kh on res (kh);
create index res_upd on res (typ, upd, rid);
create index res_typ on res (typ, rid);

create table ver (
	rid bigint not null,
	ver bigint not null,
	t bigint not null,
	upd bigint not null,
	op text not null,
	actor text not null,
	body text not null,
	primary key (rid, ver, t)
);

create table ih   (p bigint not null, h bigint not null, rid bigint not null, t bigint not null, primary key (p, h, rid, t));
create table istr (p bigint not null, v text collate "C" not null, rid bigint not null, t bigint not null, primary key (p, v, rid, t));
create table ir   (p bigint not null, lo double precision not null, rid bigint not null, hi double precision not null, t bigint not null, primary key (p, lo, rid, hi, t));
create table ic   (p bigint not null, h bigint not null, lo double precision not null, rid bigint not null, t bigint not null, primary key (p, h, lo, rid, t));

-- Changes and audit rows of committed transactions, waiting for the sequencer
-- to number them. SQLite has one writer and numbers inside the commit.
create table pending (
	pid bigint generated always as identity primary key,
	cid bigint not null,         -- the commit, for Await
	rid bigint not null,
	ver bigint not null,
	op text not null,
	at bigint not null,
	site text not null,
	actor text not null,
	facility text not null,
	unit bigint not null,
	sens text not null
);
create index pending_cid on pending (cid);

create table pending_audit (
	pid bigint generated always as identity primary key,
	at bigint not null,
	account text not null,
	name text not null,
	role text not null,
	practitioner text not null,
	facility text not null,
	facility_name text not null,
	purpose text not null,
	action text not null,
	types text not null,
	target text not null,
	patient text not null,
	sens text not null,
	allowed smallint not null,
	reason text not null,
	session text not null,
	request text not null,
	site text not null
);

-- Conditional creates of the same search wait for one another here. SQLite has
-- one writer.
create table guard (h bigint not null primary key, at bigint not null);
