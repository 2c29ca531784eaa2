-- Who is asked to come back, for the village health workers.
create index station_line_follow_up on station_line (day) where kind = 'follow-up';

-- Signals (dấu hiệu) of village health workers about residents.
create table station_signal (
    communication text   not null primary key,
    patient       text   not null,
    station       text   not null,
    sender        text   not null, -- name as written
    words         text   not null,
    sent          bigint not null, -- µs
    received      bigint not null, -- µs; 0 = nobody at the station has taken it up
    sensitivity   text   not null
);
create index station_signal_station on station_signal (station, sent);
