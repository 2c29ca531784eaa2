-- The log, the audit, and what the store keeps beside them.

-- One numbered line per resource version, dense and gapless.
create table change (
	seq bigint not null primary key,
	rid bigint not null,
	ver bigint not null,
	op text not null,            -- create, update, delete
	at bigint not null,          -- µs
	site text not null,
	actor text not null,
	facility text not null,      -- the labels that may follow the content
	unit bigint not null,
	sens text not null
);

-- Who may care for whom, and since when.
create table relation (
	patient text not null,
	facility text not null,      -- '' when account is set
	account text not null,       -- '' when facility is set
	kind text not null,
	since bigint not null,       -- µs
	until bigint not null,       -- µs; 0 = open
	source text not null,        -- Type/id, '' for access's own
	primary key (patient, kind, facility, account, source, since)
);
create index relation_facility on relation (facility, patient);
create index relation_account on relation (account, patient);
create index relation_source on relation (source);

-- The audit, numbered from 1 without gaps. Sealed rows are covered by tiles
-- and checkpoints: altering one shows.
create table audit (
	seq bigint not null primary key,
	at bigint not null,          -- µs
	account text not null,
	name text not null,
	role text not null,
	practitioner text not null,
	facility text not null,
	facility_name text not null,
	purpose text not null,
	action text not null,
	types text not null,         -- resource types, sorted, joined by a space
	target text not null,        -- Type/id when there is one
	patient text not null,
	sens text not null,          -- sensitivity codes, joined by a space
	allowed smallint not null,
	reason text not null,
	session text not null,
	request text not null,
	site text not null
);
create index audit_patient on audit (patient, seq);
create index audit_request on audit (request);

create table tile (
	level bigint not null,
	n bigint not null,
	hashes bytea not null,       -- up to 256 hashes of 32 bytes
	primary key (level, n)
);
create table checkpoint (
	size bigint not null primary key,
	at bigint not null,
	note text not null           -- signed, golang.org/x/mod/sumdb/note
);

-- Idempotency keys and what was answered, for a day.
create table once (
	k text not null primary key,
	at bigint not null,
	commit_id bigint not null,
	answer text not null
);

create table job (
	id text not null primary key,
	kind text not null,
	args text not null,
	due bigint not null,
	attempts bigint not null,
	holder text not null,
	fence bigint not null,
	until bigint not null,
	error text not null
);
create index job_due on job (kind, due);

-- Who leads: one row a duty, with a fencing number that only grows.
create table lease (
	name text not null primary key,
	holder text not null,
	fence bigint not null,
	until bigint not null
);

create table secret (name text not null primary key, value text not null);
