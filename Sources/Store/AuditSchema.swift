internal import Series

extension RowSchema.Migration {
    static let audit = RowSchema.Migration(name: "0017 audit", sql: """
        -- Who changed what, noted in the transaction that changes it.
        create table audit (
            id bigint generated always as identity primary key,
            at timestamptz not null default now(),
            -- A token's name, or the part of the service that acted by itself.
            who text not null,
            -- thing.deed: ingestion.filed
            what text not null check (what ~ '^[a-z_]+\\.[a-z_]+$'),
            -- What it was done to: an id.
            target text not null,
            dataset text,
            -- Of the request that asked for it; the log has it too.
            request_id text,
            trace_id text,
            detail jsonb not null default '{}'
        );
        create index audit_by_age on audit (at);
        create index audit_by_target on audit (target);
        """)
}
