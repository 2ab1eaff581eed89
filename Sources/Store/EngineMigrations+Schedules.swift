internal import Series

extension RowSchema.Migration {
    static let schedules = RowSchema.Migration(name: "0013 schedules", sql: """
        -- What the service does by itself, and when next. All instants are of the shown clock.
        create table schedules (
            dataset text not null,
            name text not null,
            -- The rule in words: another rule has other words, and then next_due is made anew.
            recurrence text not null,
            next_due timestamptz not null,
            -- The run that was done last: when it was due, when it was done, and what it filed where there was something to ask for.
            last_due timestamptz,
            last_run timestamptz,
            last_ingestion uuid references ingestions on delete set null,
            primary key (dataset, name)
        );
        """)
}
