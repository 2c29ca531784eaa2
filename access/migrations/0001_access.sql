-- Accounts, sessions and permissions. Times are µs since the epoch, 0 = none.
-- Secrets stand only as SHA-256; passwords and PINs as argon2id.

create table access_account (
	id text not null primary key,
	login text not null,            -- folded, see loginKey
	name text not null,
	practitioner text not null,     -- Practitioner id, '' = none
	patient text not null,          -- the person's own Patient id, '' = none
	password text not null,         -- '' = cannot sign in by password
	pin text not null,
	totp text not null,             -- sealed secret, '' = none
	totp_step bigint not null,      -- the last step used
	lang text not null,
	closed bigint not null,
	made bigint not null
);
create unique index access_account_login on access_account (login);
create index access_account_patient on access_account (patient);

create table access_assignment (
	id text not null primary key,
	account text not null,
	role text not null,
	facility text not null,         -- Organization id; the station of a sub-site
	facility_name text not null,
	site text not null,             -- the sub-site (điểm trạm), '' = the seat
	unit bigint not null,
	patient text not null,          -- of a person or a guardian's ward
	since bigint not null,
	until bigint not null
);
create index access_assignment_account on access_assignment (account);
create index access_assignment_unit on access_assignment (unit);
create index access_assignment_facility on access_assignment (facility);

create table access_session (
	hash text not null primary key,
	id text not null,
	account text not null,
	assignment text not null,
	device text not null,
	how text not null,              -- password, password+totp, pin, link
	made bigint not null,
	seen bigint not null,
	expires bigint not null,
	locked smallint not null,
	ended bigint not null,
	address text not null,
	agent text not null
);
create unique index access_session_id on access_session (id);
create index access_session_account on access_session (account);

create table access_device (
	hash text not null primary key,
	id text not null,
	made bigint not null,
	seen bigint not null
);

-- Who signed in on a device, and how the PIN fares there.
create table access_recent (
	device text not null,
	account text not null,
	assignment text not null,
	full_at bigint not null,        -- the last sign-in with everything asked
	seen bigint not null,
	pin_failures bigint not null,
	primary key (device, account)
);

create table access_token (
	hash text not null primary key,
	id text not null,
	name text not null,
	scopes text not null,
	account text not null,          -- of a user/… token
	assignment text not null,
	patient text not null,          -- of a patient/… token
	made bigint not null,
	expires bigint not null,
	ended bigint not null
);
create unique index access_token_id on access_token (id);

create table access_link (
	hash text not null primary key,
	account text not null,
	assignment text not null,
	expires bigint not null,
	used bigint not null
);

create table access_emergency (
	id text not null primary key,
	patient text not null,
	account text not null,
	name text not null,
	role text not null,
	facility text not null,
	facility_name text not null,
	unit bigint not null,
	reason text not null,
	full_reason text not null,      -- why the summary did not suffice, '' = it did
	since bigint not null,
	until bigint not null,
	due bigint not null,            -- civil date, days since the epoch
	reviewer text not null,         -- account of the named person, '' = not named yet
	reviewer_name text not null,
	reviewed bigint not null,
	verdict text not null,          -- '', justified, unjustified
	note text not null
);
create index access_emergency_patient on access_emergency (patient, since);
create index access_emergency_account on access_emergency (account, since);
create index access_emergency_reviewed on access_emergency (reviewed, due);

create table access_consent (
	id text not null primary key,
	patient text not null,
	facility text not null,         -- who may see
	facility_name text not null,
	purpose text not null,          -- treatment, second-opinion
	scope text not null,            -- record
	since bigint not null,
	until bigint not null,
	given_by text not null,         -- account
	given_name text not null,
	given_role text not null,
	child_agreed bigint not null,   -- when the child of seven or more agreed too, 0 = not asked
	withdrawn bigint not null,
	withdrawn_by text not null
);
create index access_consent_patient on access_consent (patient, since);

create table access_guardian (
	id text not null primary key,
	account text not null,
	patient text not null,          -- the ward
	ward_name text not null,
	kind text not null,             -- mother, father, guardian, carer
	birth bigint not null,          -- civil date of the ward, days since the epoch
	since bigint not null,
	until bigint not null,
	child_agreed bigint not null,
	proof text not null,            -- the paper that was shown
	recorded_by text not null,
	ended bigint not null
);
create index access_guardian_patient on access_guardian (patient);
create index access_guardian_account on access_guardian (account);
