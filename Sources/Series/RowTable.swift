/// A table of rows, and how its rows are shown.
package struct RowTable: Sendable {
    package let schema: RowSchema
    /// Of a slot, and of a part of one.
    package let slotFields: [ShownField]
    package let partFields: [ShownField]

    package init(schema: RowSchema, slotFields: [ShownField], partFields: [ShownField]? = nil) {
        self.schema = schema
        self.slotFields = slotFields
        self.partFields = partFields ?? slotFields
    }
}

extension Dataset {
    /// Where the rows of a series lie.
    package func table(of key: SeriesKey) -> RowTable { ownTables.isEmpty ? table : ownTables[channel(key)] ?? table }

    package func schema(of key: SeriesKey) -> RowSchema { table(of: key).schema }

    /// All there are, each once.
    package var schemas: [RowSchema] {
        ownTables.sorted { $0.key < $1.key }.reduce(into: [table.schema]) { all, own in
            if !all.contains(where: { $0.table == own.value.schema.table }) { all.append(own.value.schema) }
        }
    }
}
