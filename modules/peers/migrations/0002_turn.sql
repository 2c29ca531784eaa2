-- One row, which a publication changes before it gives numbers: on PostgreSQL
-- two at one moment wait for each other here. SQLite has one writer.
create table peers_turn (taken bigint not null);
insert into peers_turn (taken) values (0);
