-- Whose mandate it is: so that one account cannot have them without end.
alter table subscription_mandate add column account text not null default '';
create index subscription_mandate_account on subscription_mandate (account);
