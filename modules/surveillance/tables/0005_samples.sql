-- Numbers of samples, as who took or tested them wrote: a result whose sample
-- has the number of a case's sample may be of that case, whoever the
-- laboratory says the person is.
create table surveillance_sample (
    source  text not null, -- Specimen id; "Condition/id" of a report, "Observation/id" … of a result that names a number alone
    number  text not null, -- letters and digits, upper case
    patient text not null, -- empty = not said
    primary key (source, number)
);
create index surveillance_sample_number on surveillance_sample (number);
create index surveillance_sample_patient on surveillance_sample (patient);
create index surveillance_result_sample on surveillance_result (sample);
