-- What a version of a Subscription holds back: who wrote it, and the secrets of
-- its headers. The version names the key.
create table subscription_mandate (
	mandate text not null primary key,
	made bigint not null,        -- µs
	actor text not null,         -- JSON
	headers text not null        -- JSON
);

-- The Subscriptions in force. doc is the resource as the log brought it.
create table subscription_state (
	id text not null primary key,
	mandate text not null,
	version bigint not null,
	status text not null,        -- requested, active, error, off
	events bigint not null,      -- the last event number
	failures bigint not null,    -- since the last success
	due bigint not null,         -- µs; no attempt before
	claimed bigint not null,     -- µs; an attempt may be under way until then; 0 = none
	sent bigint not null,        -- µs; the last success
	note text not null,          -- why the last attempt failed
	doc text not null
);

-- The outbox, and the last events of each for $events. number is 0 until the
-- first attempt.
create table subscription_event (
	subscription text not null,
	seq bigint not null,         -- of the change log
	number bigint not null,
	done bigint not null,        -- µs; 0 = not delivered
	type text not null,
	id text not null,
	ver bigint not null,
	op text not null,
	at bigint not null,
	primary key (subscription, seq)
);
create index subscription_event_done on subscription_event (subscription, done, seq);
create index subscription_event_number on subscription_event (subscription, number);

-- How far the log is matched.
create table subscription_place (name text not null primary key, seq bigint not null);
insert into subscription_place (name, seq) select 'log', coalesce(max(seq), 0) from change;
