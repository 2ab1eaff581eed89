internal import Bytes
internal import Postgres
internal import Series

/// Rows that do not come in the order of time, each time once: they take another way.
struct Disorder: Error {}

/// Rows on their way from a file to the server, a batch at a time. Not `Sendable`.
final class LoadFeed {
    private let read: () async throws -> LoadPiece
    private var batch: RowBatch?
    private var columns: [CopyColumn] = []
    private var row = 0
    private var last: Int64?
    /// Rows that were given so far.
    private(set) var given = 0
    private(set) var end: LoadEnd?
    private(set) var times: ClosedRange<Int64>?

    /// How the batch's columns are laid out, and whether rows must come in order.
    enum Layout {
        /// As the row table has them.
        case straight(series: Int32, task: Int64)
        /// As the temporary table has them.
        case staged
    }

    init(_ read: @escaping () async throws -> LoadPiece) { self.read = read }

    /// The time of the next row; nil at the end.
    func nextTime() async throws -> Int64? {
        while true {
            if let batch, row < batch.count { return batch.times[row] }
            if end != nil { return nil }
            // Given back before the next is asked for, so that who fills it need not copy it.
            batch = nil
            columns = []
            row = 0
            switch try await read() {
            case .rows(let next):
                if next.count == 0 { continue }
                batch = next
                note(next.times)
            case .end(let end): self.end = end
            }
        }
    }

    private func note(_ batch: [Int64]) {
        var low = times?.lowerBound ?? batch[0]
        var high = times?.upperBound ?? batch[0]
        for time in batch {
            low = min(low, time)
            high = max(high, time)
        }
        times = low...high
    }

    /// Appends rows that begin before `limit` until so many bytes are ready or there are no more; false at the end. `see` is shown their
    /// times. Throws `Disorder` where rows that are to be in order are not.
    func fill(
        _ rows: inout CopyRows, _ layout: Layout, _ schema: RowSchema, before limit: Int64, inOrder: Bool, bytes: Int,
        see: (ArraySlice<Int64>) -> Void
    ) async throws -> Bool {
        while rows.count < bytes {
            guard let time = try await nextTime(), time < limit, let batch else { return false }
            if columns.isEmpty { columns = Self.columns(of: batch, layout, schema, first: given - row) }
            let rest = batch.times[row...]
            let before = inOrder ? try orderedEnd(of: rest, before: limit) : batch.count
            let next = rows.appendRows(of: columns, row..<before, upTo: bytes)
            see(batch.times[row..<next])
            if inOrder { last = batch.times[next - 1] }
            given += next - row
            row = next
        }
        return true
    }

    /// The layout is another from here on.
    func relay() { columns = [] }

    /// Where the rows that begin before the limit end.
    private func orderedEnd(of times: ArraySlice<Int64>, before limit: Int64) throws -> Int {
        var last = last ?? .min
        for place in times.indices {
            let time = times[place]
            if time >= limit { return place }
            if time <= last { throw Disorder() }
            last = time
        }
        return times.endIndex
    }

    private static func columns(of batch: RowBatch, _ layout: Layout, _ schema: RowSchema, first: Int) -> [CopyColumn] {
        let own = zip(schema.columns, batch.columns).map { column($1, $0.kind, rows: batch.count) }
        switch layout {
        case .straight(let series, let task):
            return [.same(.int4(series)), .instants(batch.times), .same(.int8(task))] + own
        case .staged:
            return [.integers((0..<batch.count).map { Int64(first + $0 + 1) }), .instants(batch.times)] + own
        }
    }

    private static func column(_ column: RowBatch.Column, _ kind: RowSchema.Column.Kind, rows: Int) -> CopyColumn {
        switch (kind, column) {
        case (.decimal, .decimals(let mantissas, let scales)): .numerics(mantissas: mantissas, scales: scales)
        case (.integer, .integers(let values)): .integers(values)
        case (_, .same(let value)): .same(field(value, kind))
        default: preconditionFailure("a batch with a column of another kind than the table's")
        }
    }

    static func field(_ value: Value, _ kind: RowSchema.Column.Kind) -> CopyField {
        switch (kind, value) {
        case (.decimal, .decimal(let value)): .numeric(mantissa: value.mantissa, scale: value.scale)
        case (.integer, .integer(let value)): .int8(value)
        case (.text, .text(let value)): .text(value)
        default: .null
        }
    }
}
