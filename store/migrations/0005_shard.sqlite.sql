-- As 0005_shard.postgres.sql: what travels with a resource carries its t.
alter table change add column t bigint not null default 0;
update change set t = (select t from res where res.rid = change.rid);

-- t of a person is FNV-1a of the id, as shardOf computes it; ids are ASCII.
create table relation_t (
	patient text not null,
	facility text not null,      -- '' when account is set
	account text not null,       -- '' when facility is set
	kind text not null,
	since bigint not null,       -- µs
	until bigint not null,       -- µs; 0 = open
	source text not null,        -- Type/id, '' for access's own
	t bigint not null,
	primary key (patient, kind, facility, account, source, since, t)
);
with recursive bucket(patient, n, h) as (
	select distinct patient, 0, 2166136261 from relation
	union all
	select patient, n + 1, (((h | unicode(substr(patient, n + 1, 1))) - (h & unicode(substr(patient, n + 1, 1)))) * 16777619) & 4294967295
	from bucket where n < length(patient)
)
insert into relation_t (patient, facility, account, kind, since, until, source, t)
	select r.patient, facility, account, kind, since, until, source, case when r.patient = '' then 0 else b.h % 256 + 1 end
	from relation r join bucket b on b.patient = r.patient and b.n = length(b.patient);
drop table relation;
alter table relation_t rename to relation;
create index relation_facility on relation (facility, patient);
create index relation_account on relation (account, patient);
create index relation_source on relation (source);
