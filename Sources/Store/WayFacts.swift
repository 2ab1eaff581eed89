internal import Postgres
package import Series

/// What plans of datasets with several ways want to know beside coverage.
extension Store {
    /// A call of an ingestion that has ended and is not asked for again.
    package struct MadeCall: Sendable, Equatable {
        package let shape: String
        package let seriesIDs: [Int]
        package let periods: Range<Int>
        package let covers: Int
        package let file: Int64?
        /// What it is to fill it has filled in part, and could not prove the rest: the same way may lead further.
        package let goesOn: Bool

        package init(shape: String, seriesIDs: [Int], periods: Range<Int>, covers: Int, file: Int64? = nil, goesOn: Bool = false) {
            self.shape = shape
            self.seriesIDs = seriesIDs
            self.periods = periods
            self.covers = covers
            self.file = file
            self.goesOn = goesOn
        }
    }

    /// The series that an ingestion's tasks name.
    package func namedSeries(of ingestion: String) async throws -> Set<Int> {
        guard isUUID(ingestion) else { return [] }
        let rows = try await pool.read("select distinct unnest(series_ids) from tasks where ingestion_id = \(ingestion)::uuid")
        return Set(try rows.map { try $0.int(0) })
    }

    /// Whether an ingestion asks again for what is held.
    package func isRefresh(ingestion: String) async throws -> Bool {
        guard isUUID(ingestion) else { return false }
        return try await pool.read("select selection->>'mode' = 'refresh' from ingestions where id = \(ingestion)::uuid").first?.bool(0)
            ?? false
    }

    /// The calls that an ingestion has made since it was filed; none of those that could not be carried out as planned. Of one that was
    /// resumed after its end only those that were proved.
    package func madeCalls(of ingestion: String) async throws -> [MadeCall] {
        guard isUUID(ingestion) else { return [] }
        let rows = try await pool.read("""
            select t.shape, t.series_ids, t.first_period, t.end_period, t.covers, t.archive_file,
                coalesce(t.ended = 'unproved' and t.filled + t.absent + t.written > 0, false)
            from tasks t join ingestions i on i.id = t.ingestion_id
            where t.ingestion_id = \(ingestion)::uuid and t.status in ('done', 'failed', 'parked') and not t.is_replanned
                and coalesce(t.ended, '') not in ('shape_unusable', 'costlier', 'too_wide') and (not i.is_resumed or t.ended = 'proved')
            order by t.ordinal
            """)
        return try rows.map { row in
            MadeCall(
                shape: try row.string(0), seriesIDs: try row.int64s(1).map { Int($0) }, periods: try row.int(2)..<(try row.int(3)),
                covers: try row.int(4), file: try row.int64OrNil(5), goesOn: try row.bool(6))
        }
    }

    /// The slots of a dataset's series that are absent for this reason, by the series' id.
    package func absent(of dataset: String, because reason: String) async throws -> [Int: SlotSet] {
        let rows = try await pool.read("""
            select a.series_id, range_agg(int8range(a.first_slot, a.end_slot)) from absences a join series s on s.id = a.series_id
            where s.dataset = \(dataset) and a.reason = \(reason) group by a.series_id
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0.int(0), SlotSet(ranges: try $0.ranges(1))) })
    }

    /// A stretch of a series of which rows are held.
    package struct HeldStretch: Sendable {
        package let seriesID: Int
        package let instants: Range<Int64>

        package init(seriesID: Int, instants: Range<Int64>) {
            self.seriesID = seriesID
            self.instants = instants
        }
    }

    /// How much happened in some stretches, by the integer column that counts it; 0 where no row is held. In their order.
    package func events(in stretches: [HeldStretch], counting column: Int, of dataset: Dataset) async throws -> [Double] {
        if stretches.isEmpty { return [] }
        let schema = dataset.table.schema
        let table = try Self.identifier(schema.table)
        let counted = try Self.identifier(schema.columns[column].name)
        let rows = try await pool.read("""
            select coalesce((
                select sum(r.\(counted))::float8 from \(table) r
                where r.series_id = s.series_id and r.time >= s.low and r.time < s.high
            ), 0)::float8
            from unnest(\(stretches.map { Int32(clamping: $0.seriesID) }), \(.instants(stretches.map(\.instants.lowerBound))),
                \(.instants(stretches.map(\.instants.upperBound)))) with ordinality as s (series_id, low, high, place)
            order by s.place
            """)
        return try rows.map { try $0.double(0) }
    }
}
