-- What nobody has sent, for whom its clock calls.
create index surveillance_draft_late on surveillance_draft (due) where report = '';
