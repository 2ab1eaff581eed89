// Ingest: the writing half. It turns a selection into a plan (expected slots minus covered slots, priced by call shapes),
// a plan into an ingestion with its tasks, and works tasks: requests within the upstream's budget, answers through the
// dataset's exchange, rows and coverage into the store. API, command line and schedule come through the same two doors,
// `Planning.plan` and `Planning.ingest`. What the service does by itself is a `Duty`: schedules, alarms and their webhook, retention.
// It must never answer readers, and knows no dataset by name.
