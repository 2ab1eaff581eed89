internal import Series

extension RowSchema.Migration {
    static let asksAgain = RowSchema.Migration(name: "0026 absences that are asked for again", sql: """
        -- Most of many are final, and nobody looks for them by when they are asked for.
        drop index absences_to_recheck;
        create index absences_asked_again on absences (series_id, next_at) where next_at is not null;
        """)
}
