internal import Bytes

/// Rows of one series column by column, in the order of time: what millions of rows travel in, no allocation for any of them.
package struct RowBatch: Sendable, Equatable {
    /// One column of the schema. `decimals` are `mantissa / 10^scale`, canonical or not.
    package enum Column: Sendable, Equatable {
        case decimals(mantissas: [Int64], scales: [UInt8])
        case integers([Int64])
        /// The same in every row.
        case same(Value)
    }

    /// Start of the part that the row fills, seconds since 1970.
    package var times: [Int64] = []
    package var columns: [Column]

    package init(columns: [Column]) { self.columns = columns }

    package var count: Int { times.count }

    /// Makes room for so many rows, so that none is moved while they come.
    package mutating func reserve(_ rows: Int) {
        times.reserveCapacity(rows)
        for place in columns.indices { columns[place].reserve(rows) }
    }

    package func value(_ column: Int, of row: Int) -> Value {
        switch columns[column] {
        case .decimals(let mantissas, let scales):
            Decimal(mantissa: mantissas[row], scale: Int(scales[row])).map(Value.decimal) ?? .null
        case .integers(let integers): .integer(integers[row])
        case .same(let value): value
        }
    }

    /// Without its rows; what was reserved stays so.
    package mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        for place in columns.indices { columns[place].removeAll() }
    }
}

extension RowBatch.Column {
    fileprivate mutating func reserve(_ rows: Int) {
        // Taken out first: an array with two owners would be copied.
        let taken = self
        self = .same(.null)
        switch taken {
        case .decimals(var mantissas, var scales):
            mantissas.reserveCapacity(rows)
            scales.reserveCapacity(rows)
            self = .decimals(mantissas: mantissas, scales: scales)
        case .integers(var integers):
            integers.reserveCapacity(rows)
            self = .integers(integers)
        case .same: self = taken
        }
    }

    fileprivate mutating func removeAll() {
        // Taken out first: an array with two owners would be copied.
        let taken = self
        self = .same(.null)
        switch taken {
        case .decimals(var mantissas, var scales):
            mantissas.removeAll(keepingCapacity: true)
            scales.removeAll(keepingCapacity: true)
            self = .decimals(mantissas: mantissas, scales: scales)
        case .integers(var integers):
            integers.removeAll(keepingCapacity: true)
            self = .integers(integers)
        case .same: self = taken
        }
    }
}
