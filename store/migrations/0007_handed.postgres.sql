-- As 0007_handed.sqlite.sql.
update res set author = case when del = 0 then coalesce(body::json -> 'owner' ->> 'reference', '') else '' end
	where typ = 'Task' and category = 'contact-village';
