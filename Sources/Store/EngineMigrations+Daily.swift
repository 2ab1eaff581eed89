package import Series

/// Tables of daily use: what runs by itself, and what people are told of it.
package let dailyMigrations: [RowSchema.Migration] = [
    .init(name: "0012 lanes", sql: """
        -- What an ingestion is for: who begins first among those that wait.
        alter table ingestions add column lane text not null default 'history' check (lane in ('live', 'repair', 'history'));
        """),
    .schedules,
    .jobsAndEvents,
    .alerts,
    .init(name: "0016 today on demand, forecasts", sql: """
        -- Whether today was fetched of late is asked by what was selected, the last one first.
        create index ingestions_by_selection on ingestions (dataset, selection_digest, filed_at desc);
        -- Calls that ended of late say how fast the next ones will go.
        create index tasks_by_end on tasks (finished_at desc) where finished_at is not null;
        alter table plans add column complete_at_p90 timestamptz;
        """),
    .audit,
    .init(name: "0018 open tasks in their order", sql: """
        -- A claim looks for the first open task of an ingestion, past all that have ended.
        create index tasks_open on tasks (ingestion_id, ordinal) where status in ('available', 'running');
        """),
    .ends,
    .archives,
    .quarantine,
    .ways,
    .remarks,
    .scopedBudgets,
    .editionOrder,
    .asksAgain,
    .efficiency,
    .provisional,
    .quality,
    .proofs,
    .operations,
    .tokens, .terms,
]
