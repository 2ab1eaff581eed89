internal import Series

extension RowSchema.Migration {
    static let editionOrder = RowSchema.Migration(name: "0025 what archive files told", sql: """
        -- The parts that an imported file's rows fill: an earlier edition that is imported after it changes none of them.
        alter table archive_files add column told int8multirange not null default '{}';
        """)
}
