internal import EventLoop
internal import Postgres
package import Series

/// A series by its names alone.
package struct SeriesEntry: Sendable, Hashable {
    package let id: Int
    package let key: SeriesKey
}

/// Rows column by column: no allocation for each of them.
package struct RowBlock: Sendable {
    package fileprivate(set) var seriesIDs: [Int] = []
    /// Start of the part that the row fills.
    package fileprivate(set) var times: [Int64] = []
    fileprivate var values: [Value] = []
    fileprivate let width: Int

    package var count: Int { times.count }

    package func value(_ column: Int, of row: Int) -> Value { values[row * width + column] }
}

/// What a dataset's answers are made of, all at one moment.
package struct Snapshot: Sendable {
    /// nil where the dataset has no series yet.
    package let version: DatasetVersion?
    /// Sorted by key.
    package let series: [StoredSeries]
    /// By time, then series id.
    package let rows: RowBlock
}

extension Store {
    /// Version, series, coverage and rows of a dataset in one snapshot: the answer's coverage is that of its rows, and both
    /// are of the version. `choose` picks among all series; `notes` says of which stretch it is wanted why slots are not held;
    /// `span` says which stretch of time rows are wanted of, nil for none; `cut`: of which coverage is, nil for all. Throws what `choose`
    /// throws, and `StoreError.unavailable`.
    package func snapshot(
        of dataset: Dataset, choose: ([SeriesEntry]) throws -> [Int], notes: Range<Int64>? = nil, cut: Range<Int64>? = nil,
        span: ([StoredSeries]) throws -> Range<Int64>?
    ) async throws -> Snapshot {
        try await readSnapshot(of: dataset, choose: choose, notes: notes, cut: cut) { snapshot, connection in
            guard let span = try span(snapshot.series), !span.isEmpty, !snapshot.series.isEmpty else { return snapshot }
            let schema = Self.schema(of: snapshot, dataset)
            let answer = try await connection.query(Self.rowQuery(snapshot.series.map(\.id), span, of: schema))
            return Snapshot(version: snapshot.version, series: snapshot.series, rows: try Self.block(answer, of: schema))
        }
    }

    /// Version, series and coverage at one moment, and whatever else `body` reads of that moment.
    func readSnapshot<T>(
        of dataset: Dataset, choose: ([SeriesEntry]) throws -> [Int], notes: Range<Int64>? = nil, cut: Range<Int64>? = nil,
        _ body: (Snapshot, PostgresConnection) async throws -> T
    ) async throws -> T {
        do {
            return try await pool.transaction { connection in
                _ = try await connection.query("set transaction isolation level repeatable read, read only")
                let versions = try await connection.query("""
                    select version, changed_at from dataset_versions where dataset = \(dataset.name)
                    """)
                let version = try versions.first.map { DatasetVersion(number: try $0.int64(0), changedAt: try $0.instant(1)) }
                let known = try await connection.query("select id, key from series where dataset = \(dataset.name) order by key")
                let ids = try choose(try known.map { SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1))) })
                // The server orders text by its own collation; people and cursors get the order of the keys.
                var series = try await Self.ledgers(on: connection, of: dataset, ids: ids, in: cut).sorted { $0.key < $1.key }
                if let notes { try await Self.addNotes(to: &series, of: dataset, in: notes, on: connection) }
                let rows = RowBlock(width: dataset.table.schema.columns.count)
                return try await body(Snapshot(version: version, series: series, rows: rows), connection)
            }
        } catch let error as PostgresError where error.isTransient {
            throw StoreError.unavailable(error.message)
        } catch let error as PoolTimeout {
            throw StoreError.unavailable(error.description)
        }
    }

    /// The same series with the rows of a stretch, read now. Throws `StoreError.unavailable`.
    package func rows(of snapshot: Snapshot, _ dataset: Dataset, in span: Range<Int64>) async throws -> Snapshot {
        do {
            let schema = Self.schema(of: snapshot, dataset)
            let answer = try await pool.read(Self.rowQuery(snapshot.series.map(\.id), span, of: schema))
            return Snapshot(version: snapshot.version, series: snapshot.series, rows: try Self.block(answer, of: schema))
        } catch let error as PostgresError where error.isTransient {
            throw StoreError.unavailable(error.message)
        } catch let error as PoolTimeout {
            throw StoreError.unavailable(error.description)
        }
    }

    /// What tells this store from every other that may share its Redis: made when the schema was.
    package func identity() async throws -> String {
        try await pool.read("select id::text from store_identity").only().string(0)
    }

    /// Rows of one answer lie in one table: those of several slot lengths are not shown together.
    private static func schema(of snapshot: Snapshot, _ dataset: Dataset) -> RowSchema {
        snapshot.series.first.map { dataset.schema(of: $0.key) } ?? dataset.table.schema
    }

    static func rowQuery(_ ids: [Int], _ span: Range<Int64>, of schema: RowSchema) throws -> SQL {
        """
        select series_id, time, \(try schema.columns.map { try identifier($0.name) }) from \(try identifier(schema.table))
        where series_id = any(\(ids.map { Int32($0) })) and time >= \(.instant(span.lowerBound))
            and time < \(.instant(span.upperBound))
        order by time, series_id
        """
    }

    static func block(_ answer: Rows, of schema: RowSchema) throws -> RowBlock {
        var block = RowBlock(width: schema.columns.count)
        block.seriesIDs.reserveCapacity(answer.count)
        block.times.reserveCapacity(answer.count)
        block.values.reserveCapacity(answer.count * block.width)
        for row in answer {
            block.seriesIDs.append(try row.int(0))
            block.times.append(try row.instant(1))
            for (i, column) in schema.columns.enumerated() {
                block.values.append(try value(of: row, at: i + 2, kind: column.kind))
            }
        }
        return block
    }
}
