-- The settings that verdicts, clusters and syndromes name by their hash: with them
-- each is computed again, whatever became of the content.
create table detection_rule (
    hash text primary key,
    rule text not null -- JSON
);
