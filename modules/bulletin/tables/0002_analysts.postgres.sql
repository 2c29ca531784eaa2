-- What analysts read: names that stay, codes instead of our own numbers, days
-- as dates.
drop view if exists bulletin_weekly_cases;
create view bulletin_weekly_cases as
select u.province as province_code, u.code as unit_code, u.name as unit_name, u.level as unit_level,
       c.disease as disease, case c.axis when 0 then 'diagnosis' else 'onset' end as by_date,
       (date '1970-01-01' + (c.day - ((c.day + 3) % 7))::int) as week_start, c.class as class, sum(c.value) as cases, sum(c.died) as deaths
  from bulletin_count c join bulletin_unit u on u.unit = c.unit
 group by u.province, u.code, u.name, u.level, c.disease, c.axis, c.day - ((c.day + 3) % 7), c.class;

drop view if exists bulletin_weekly_reporting;
create view bulletin_weekly_reporting as
select u.province as province_code, u.code as unit_code, u.name as unit_name,
       (date '1970-01-01' + (w.week)::int) as week_start, w.visits as visits, w.cases as case_reports, w.late as late_reports
  from bulletin_week w join bulletin_unit u on u.unit = w.unit;

drop view if exists bulletin_foci;
create view bulletin_foci as
select u.province as province_code, u.code as unit_code, u.name as unit_name,
       s.disease as disease, s.kind as step, (date '1970-01-01' + (s.day)::int) as day, s.step as id, s.opens as opened_by
  from bulletin_step s join bulletin_unit u on u.unit = s.unit;
