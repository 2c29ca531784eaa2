-- A contact that is handed to a village health worker is theirs alone: its author
-- is the worker (handedTo in label.go).
update res set author = case when del = 0 then coalesce(json_extract(body, '$.owner.reference'), '') else '' end
	where typ = 'Task' and category = 'contact-village';
