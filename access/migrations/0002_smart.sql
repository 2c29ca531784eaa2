-- Applications (SMART on FHIR): who they are, what people gave them, and the
-- one-time secrets of the way there. Secrets stand only as SHA-256.

create table access_client (
	id text not null primary key,
	name text not null,
	vendor text not null,
	kind text not null,             -- public, confidential, backend
	secret text not null,           -- '' = none
	redirects text not null,        -- addresses and origins separated by spaces
	launch text not null,           -- where a launch from here begins, '' = none
	origins text not null,
	keys text not null,             -- JWKS
	keys_url text not null,
	scopes text not null,           -- the most that it may ask for
	role text not null,             -- of a backend service: as whom it works
	facility text not null,
	facility_name text not null,
	unit bigint not null,           -- of a backend service; else of who registered it
	made bigint not null,
	made_by text not null,          -- account
	ended bigint not null
);

-- What one account gave one application: everything that is issued on it ends
-- with it.
create table access_grant (
	id text not null primary key,
	client text not null,
	account text not null,
	assignment text not null,
	session text not null,          -- without offline it ends with this session
	offline smallint not null,
	patient text not null,          -- the record at hand, '' = none
	encounter text not null,
	scopes text not null,           -- as granted, with those that are no resource's
	made bigint not null,
	used bigint not null,
	ended bigint not null
);
create index access_grant_account on access_grant (account);
create index access_grant_client on access_grant (client);

create table access_code (
	hash text not null primary key,
	app_grant text not null,
	redirect text not null,
	challenge text not null,        -- PKCE S256, '' = a confidential client without
	nonce text not null,
	expires bigint not null,
	used bigint not null
);

create table access_refresh (
	hash text not null primary key,
	app_grant text not null,
	expires bigint not null,
	used bigint not null            -- when it was exchanged for its successor
);
create index access_refresh_grant on access_refresh (app_grant);

create table access_launch (
	hash text not null primary key,
	client text not null,
	account text not null,
	patient text not null,
	encounter text not null,
	expires bigint not null,
	used bigint not null
);

-- Assertions that were used, until they have expired.
create table access_assertion (
	client text not null,
	jti text not null,
	expires bigint not null,
	primary key (client, jti)
);

-- The key that signs who somebody is (OpenID Connect), sealed.
create table access_identity (
	id text not null primary key,
	sealed text not null,
	made bigint not null
);

alter table access_token add column client text not null default '';
alter table access_token add column app_grant text not null default '';
create index access_token_client on access_token (client, app_grant);
