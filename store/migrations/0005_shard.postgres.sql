-- t in every key, so that any engine can spread these tables by it. What is
-- unique over all t (Type/id) is guarded by a row of guard, see commit.named.
alter table res drop constraint res_pkey, add primary key (rid, t);
drop index res_kh;
create unique index res_kh on res (kh, t);

alter table change add column t bigint not null default 0;
update change set t = res.t from res where res.rid = change.rid;
alter table pending add column t bigint not null default 0;
update pending set t = res.t from res where res.rid = pending.rid;

-- t of a person is FNV-1a of the id, as shardOf computes it; ids are ASCII.
alter table relation add column t bigint not null default 0;
with recursive bucket(patient, n, h) as (
	select distinct patient, 0, 2166136261::bigint from relation where patient <> ''
	union all
	select patient, n + 1, ((h # ascii(substr(patient, n + 1, 1))::bigint) * 16777619) & 4294967295 from bucket where n < length(patient)
)
update relation set t = b.h % 256 + 1 from bucket b where b.patient = relation.patient and b.n = length(b.patient);
alter table relation drop constraint relation_pkey, add primary key (patient, kind, facility, account, source, since, t);
