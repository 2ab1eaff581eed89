internal import Series

extension RowSchema.Migration {
    static let alerts = RowSchema.Migration(name: "0015 alerts", sql: """
        create table alerts (
            id uuid primary key default gen_random_uuid(),
            kind text not null check (kind in ('incomplete_day', 'late_slot', 'failing_upstream', 'budget_short')),
            -- The dataset or the upstream; with the key it is the cause.
            scope text not null,
            key text not null,
            severity text not null check (severity in ('info', 'warning', 'critical')),
            -- json, not jsonb: shown, and compared, as it was written.
            subject json not null,
            message text not null,
            count bigint not null,
            details json not null,
            -- The shown clock; then the real one.
            opened_at timestamptz not null,
            updated_at timestamptz not null,
            cleared_at timestamptz,
            recorded_at timestamptz not null default clock_timestamp(),
            cleared_recorded_at timestamptz,
            cleared_because text check (cleared_because in ('mended', 'out_of_view', 'reclassified')),
            acknowledged_by text,
            acknowledged_at timestamptz,
            check ((cleared_at is null) = (cleared_because is null) and (cleared_at is null) = (cleared_recorded_at is null)),
            check ((acknowledged_by is null) = (acknowledged_at is null))
        );
        -- Never two open alarms for one cause: an index says so, not a look-up.
        create unique index one_open_alert_of_a_cause on alerts (kind, scope, key) where cleared_at is null;
        create index alerts_by_age on alerts (recorded_at desc, id desc);
        create index alerts_cleared on alerts (cleared_recorded_at) where cleared_at is not null;
        -- What a webhook is to be told: written with what it tells. Real time.
        create table alert_deliveries (
            ordinal bigint generated always as identity primary key,
            id uuid not null unique,
            -- Of one cause nothing overtakes what was before it.
            cause text not null,
            event text not null check (event in ('opened', 'cleared')),
            body text not null,
            attempts int not null default 0,
            next_at timestamptz not null default clock_timestamp(),
            created_at timestamptz not null default clock_timestamp(),
            ended_at timestamptz,
            ended text check (ended in ('delivered', 'given_up')),
            error text,
            check ((ended_at is null) = (ended is null))
        );
        create index alert_deliveries_open on alert_deliveries (next_at) where ended_at is null;
        create index alert_deliveries_in_order on alert_deliveries (cause, ordinal) where ended_at is null;
        create index alert_deliveries_ended on alert_deliveries (ended_at) where ended_at is not null;
        -- One round at a time looks for what is wrong: it holds this row.
        create table alarm_rounds (
            only_row boolean primary key default true check (only_row),
            begun_at timestamptz
        );
        insert into alarm_rounds default values;
        -- What became of requests: sums of all workers over some seconds of real time.
        create table upstream_outcomes (
            upstream text not null,
            noted_at timestamptz not null,
            outcome text not null,
            requests bigint not null check (requests > 0),
            primary key (upstream, noted_at, outcome)
        );
        """)
}
