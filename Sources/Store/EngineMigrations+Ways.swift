internal import Series

extension RowSchema.Migration {
    static let ways = RowSchema.Migration(name: "0022 deadlines and files of calls", sql: """
        -- When the first slot of a call is no longer to be had by it, and the archive file that it reads.
        alter table tasks add column deadline timestamptz, add column archive_file bigint;
        alter table plan_calls add column deadline timestamptz, add column archive_file bigint;
        """)
}
