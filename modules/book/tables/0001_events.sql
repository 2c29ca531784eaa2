-- What the book shows, one row a fact. visit rows stand for signed visits; the
-- other rows of a visit show only beside one.
create table book_event (
    resource    text   not null, -- Type/id, #n for one of several
    patient     text   not null,
    encounter   text   not null, -- empty when it belongs to no visit
    kind        text   not null, -- visit diagnosis medicine advice follow-up measure dose conclusion
    code        text   not null,
    words       text   not null,
    facility    text   not null,
    at          bigint not null, -- µs since 1970
    sensitivity text   not null,
    primary key (resource)
);
create index book_event_patient on book_event (patient, at);
create index book_event_encounter on book_event (encounter);

create table book_place (
    facility text not null primary key,
    name     text not null
);
