-- What somebody is called to, one row a person: seen by nobody else, so that no
-- announcement is read past them.
create table peers_call (
    id           text   not null,
    practitioner text   not null,
    title        text   not null,
    body         text   not null,
    path         text   not null, -- of the page where it is to be done
    at           bigint not null, -- µs since 1970
    due          bigint not null, -- µs since 1970
    acked        bigint not null, -- µs since 1970; 0 = not yet
    primary key (practitioner, id)
);
-- What people were called to, by a key of what it is and the role: once.
create table peers_called (what text not null primary key);
