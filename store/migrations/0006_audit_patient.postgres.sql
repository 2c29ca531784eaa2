-- Of whom a row of the audit tells, for it may tell of many: one narrow row a
-- person, by which an access log finds its lines.
drop index audit_patient;
create table audit_patient (
	patient text not null,
	seq bigint not null,
	primary key (patient, seq)
);
insert into audit_patient (patient, seq)
select distinct p, seq from audit, unnest(string_to_array(patient, ' ')) p where p <> '';

-- Nobody but a test looks for the rows of a request.
drop index audit_request;
