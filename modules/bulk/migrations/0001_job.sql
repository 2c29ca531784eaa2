-- Bulk jobs. args and place are JSON; times are µs, 0 = not yet.
create table bulk_job (
	id text not null primary key,
	kind text not null,          -- export, import
	account text not null,       -- whose it is
	actor text not null,         -- JSON
	url text not null,           -- as it was asked for
	args text not null,
	made bigint not null,
	status text not null,        -- waiting, done, failed
	progress text not null,
	place text not null,         -- where an export goes on
	ended bigint not null
);
create index bulk_job_status on bulk_job (status, made);

-- Finished parts in the blob store. who names the blob that says whom a part
-- speaks of, '' when the audit says so already.
create table bulk_part (
	job text not null,
	n bigint not null,
	type text not null,
	lines bigint not null,
	size bigint not null,
	blob text not null,
	who text not null,
	primary key (job, n)
);
create index bulk_part_blob on bulk_part (blob);
