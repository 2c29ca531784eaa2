-- Of whom a row of the audit tells, for it may tell of many: one narrow row a
-- person, by which an access log finds its lines.
drop index audit_patient;
create table audit_patient (
	patient text not null,
	seq bigint not null,
	primary key (patient, seq)
) without rowid;
insert into audit_patient (patient, seq)
select patient, seq from audit where patient <> '' and patient not like '% %' order by patient, seq;
insert into audit_patient (patient, seq)
with recursive word(seq, one, rest) as (
	select seq, '', patient || ' ' from audit where patient like '% %'
	union all
	select seq, substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) from word where rest <> ''
)
select distinct one, seq from word where one <> '';

-- Nobody but a test looks for the rows of a request.
drop index audit_request;

-- How far the journal of reads has been folded into the audit.
create table folded (n bigint not null);
insert into folded (n) values (0);
