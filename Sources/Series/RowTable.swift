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
    /// Where the rows of a channel lie.
    package func table(ofChannel channel: String) -> RowTable { ownTables[channel] ?? table }

    package func table(of key: SeriesKey) -> RowTable { ownTables.isEmpty ? table : table(ofChannel: channel(key)) }

    package func schema(of key: SeriesKey) -> RowSchema { table(of: key).schema }

    /// Where the rows of a call lie: of one table always.
    package func schema(ofCall shape: String) -> RowSchema {
        ownTables.isEmpty ? table.schema : table(ofChannel: call(shape)?.channel ?? "").schema
    }

    /// All there are, each once.
    package var schemas: [RowSchema] {
        ownTables.sorted { $0.key < $1.key }.reduce(into: [table.schema]) { all, own in
            if !all.contains(where: { $0.table == own.value.schema.table }) { all.append(own.value.schema) }
        }
    }
}
