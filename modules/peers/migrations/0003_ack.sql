create index peers_ack_practitioner on peers_ack (practitioner);
