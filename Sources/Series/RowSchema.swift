/// The shape of a dataset's rows: from it the store makes its upsert and its select.
///
/// Every row table has `series_id int` and `time timestamptz` (the start of the part that the row fills) as its primary
/// key, then the columns, then `task_id bigint`: the call that wrote the row.
package struct RowSchema: Sendable {
    package struct Column: Sendable, Equatable {
        /// In the table: numeric, bigint, text and jsonb; a value of the last travels as its text.
        package enum Kind: Sendable { case decimal, integer, text, json }

        package let name: String
        package let kind: Kind

        package init(_ name: String, _ kind: Kind) {
            self.name = name
            self.kind = kind
        }
    }

    /// A step of the table's life: SQL that is run once, in order, under a name that never changes.
    package struct Migration: Sendable {
        package let name: String
        package let sql: String

        package init(name: String, sql: String) {
            self.name = name
            self.sql = sql
        }
    }

    package let table: String
    package let columns: [Column]
    /// The integer column that ranks editions of one value, where they come beside each other (CMG: when a programme was
    /// issued). A row of a lower rank never replaces one of a higher; null is the lowest.
    package let rank: Int?
    /// Columns, by place, that say the same of a record whoever tells them. Rows that are equal in these are one; in the others the held
    /// row stays as it is, but that a null takes what the other row has. All columns where `merge` is nil.
    package let compared: [Int]
    /// What is stored where two rows of one place meet; `older` is of the call that began first. It returns one of the two, or a row made
    /// of both. nil: the one of the higher rank, of equal ranks the newer. A schema has a rank or this, never both.
    package let merge: Merge?
    /// How a row that does not carry all fields (`Value.kept`) is made whole: `latest` is the series' newest row that is not later, nil
    /// where there is none; what it returns has no `kept`. nil: rows come whole.
    package let carry: Carry?
    package let migrations: [Migration]

    package typealias Carry = @Sendable (_ latest: [Value]?, _ new: [Value]) -> [Value]
    package typealias Merge = @Sendable (_ older: [Value], _ newer: [Value]) -> [Value]

    package init(
        table: String, columns: [Column], rank: Int? = nil, compared: [Int]? = nil, merge: Merge? = nil, carry: Carry? = nil,
        migrations: [Migration]
    ) {
        self.carry = carry
        precondition(rank == nil || merge == nil, "rows of \(table) are ranked or merged, not both")
        self.table = table
        self.columns = columns
        self.rank = rank
        self.merge = merge
        self.compared = merge == nil ? Array(columns.indices) : compared ?? Array(columns.indices)
        self.migrations = migrations
    }

    package func index(of column: String) -> Int? { columns.firstIndex { $0.name == column } }
}

/// One field of a row as clients see it.
package struct ShownField: Sendable {
    package enum Content: Sendable {
        /// The slot's (or part's) start, RFC 3339 with the zone's offset.
        case instant
        /// The local hour of the start, 0 to 23.
        case localHour
        case localDate
        /// A key value of the series, by its place in the key.
        case key(Int)
        /// The exact decimal mean of the column over the slot's parts.
        case mean(column: Int)
        /// The column's value in this part.
        case value(column: Int)
        /// How many parts of the slot are held.
        case partCount
        /// Whether the row is to be asked for again before it stands (`Ledger.provisional`).
        case provisional
        /// The instant that an integer column holds in seconds since 1970, RFC 3339 with the zone's offset.
        case timestamp(column: Int)
        /// One JSON object: columns under these names, then the members of an object column. In CSV a cell each, and `rest`.
        case object(columns: [(name: String, column: Int)], rest: Int)
    }

    package let name: String
    package let content: Content

    package init(_ name: String, _ content: Content) {
        self.name = name
        self.content = content
    }
}
