internal import Series

extension RowSchema.Migration {
    static let remarks = RowSchema.Migration(name: "0023 remarks on missing slots", sql: """
        -- What is known of slots that are missing and stay so: a word for people. It says nothing of those slots of its run that are held
        -- or absent.
        create table slot_remarks (
            series_id int not null references series on delete cascade,
            first_slot bigint not null,
            end_slot bigint not null check (end_slot > first_slot),
            reason text not null,
            -- The shown clock.
            noted_at timestamptz not null,
            task_id bigint not null,
            primary key (series_id, first_slot)
        );
        """)
}
