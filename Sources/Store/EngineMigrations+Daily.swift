package import Series

/// Tables of daily use: what runs by itself, and what people are told of it.
package let dailyMigrations: [RowSchema.Migration] = [
    .init(name: "0012 lanes", sql: """
        -- What an ingestion is for: who begins first among those that wait.
        alter table ingestions add column lane text not null default 'history' check (lane in ('live', 'repair', 'history'));
        """),
    .jobsAndEvents,
    .alerts,
    .audit,
]
