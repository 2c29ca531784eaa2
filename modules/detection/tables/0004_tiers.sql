-- The tier that judged, and the evidence by which series are compared.
alter table detection_verdict add column tier text not null default '';
alter table detection_verdict add column chance double precision not null default 1; -- 1 = not computed
alter table detection_verdict add column span bigint not null default 0; -- weeks that chance is of
