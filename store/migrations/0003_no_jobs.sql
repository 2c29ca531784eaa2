-- Nothing was ever kept here: followers and the clock do what jobs were for.
drop table job;
