internal import Series

extension RowSchema.Migration {
    static let efficiency = RowSchema.Migration(name: "0028 what calls brought, and what whole periods would cost", sql: """
        -- Records that answers brought, and those of them that nobody had asked for.
        alter table tasks add column received bigint not null default 0, add column dropped bigint not null default 0;
        -- Null where the dataset has no calls that name their series one by one.
        alter table plans add column whole_requests bigint, add column whole_slots bigint;
        """)
}
