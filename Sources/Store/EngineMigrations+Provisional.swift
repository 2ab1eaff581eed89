internal import Series

extension RowSchema.Migration {
    static let provisional = RowSchema.Migration(name: "0030 provisional rows", sql: """
        -- Parts of held of which the row is to be asked for again: taken before its slot was due, or restated since. The slot is missing.
        alter table coverage add column provisional int8multirange not null default '{}';
        """)
}
