internal import Series

extension RowSchema.Migration {
    static let quarantine = RowSchema.Migration(name: "0021 quarantine", sql: """
        -- Records that failed a dataset's rules, as they came. coverage.quarantined is the slots of the open ones whose part is not held.
        create table quarantine (
            id bigint generated always as identity primary key,
            dataset text not null,
            -- What it speaks of, where that can be told: the series, the start of the part, and the part's and the slot's numbers.
            series_id int references series on delete cascade,
            time timestamptz,
            part bigint,
            slot bigint,
            reason text not null,
            record text not null,
            -- Where it came from, the last time: the call and its shape, the file, the place in it. Tasks are not kept for ever.
            shape text not null,
            task_id bigint,
            file text,
            place text,
            -- SHA-256 of dataset, series, time and record: the same record is one row while it is open, however often it comes.
            identity bytea not null,
            seen bigint not null default 1,
            -- Of the shown clock, as are all instants but the last.
            created_at timestamptz not null,
            last_seen_at timestamptz not null,
            status text not null default 'open' check (status in ('open', 'superseded', 'released', 'replayed')),
            resolved_at timestamptz,
            resolved_by text,
            resolution text,
            -- The call that settled it.
            resolved_task bigint,
            -- Real time from which its age counts: since it was settled, or seen where nothing can settle it; null keeps it.
            kept_from timestamptz,
            check ((part is null) = (slot is null) and (part is null or (series_id is not null and time is not null))),
            check ((status = 'open') = (resolved_at is null))
        );
        create unique index quarantine_open_once on quarantine (identity) where status = 'open';
        create index quarantine_open_by_part on quarantine (series_id, part) where status = 'open';
        create index quarantine_by_dataset on quarantine (dataset, id);
        create index quarantine_by_age on quarantine (kept_from) where kept_from is not null;
        """)
}
