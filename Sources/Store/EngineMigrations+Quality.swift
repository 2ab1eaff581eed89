internal import Series

extension RowSchema.Migration {
    static let quality = RowSchema.Migration(name: "0032 quality", sql: """
        -- Of datasets that have rules: how many records of a series the calls of an ingestion brought, taken or refused (the check ''),
        -- and how many of them failed each check. Scores are reckoned when they are read, by the weights as they are then.
        create table quality (
            ingestion_id uuid not null references ingestions on delete cascade,
            series_id int not null references series on delete cascade,
            check_name text not null,
            records bigint not null check (records > 0),
            -- The shown clock when they were counted last.
            at timestamptz not null,
            primary key (ingestion_id, series_id, check_name)
        );
        -- The last ingestion that brought records of a series.
        create index quality_of_series on quality (series_id, at desc, ingestion_id desc) where check_name = '';

        alter table alerts drop constraint alerts_kind_check, add constraint alerts_kind_check
            check (kind in ('incomplete_day', 'late_slot', 'failing_upstream', 'budget_short', 'quality'));
        """)
}
