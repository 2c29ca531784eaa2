-- As res.patient and res.facility: columns of different collations do not meet
-- in an index.
alter table relation alter column patient type text collate "C", alter column facility type text collate "C", alter column account type text collate "C";
