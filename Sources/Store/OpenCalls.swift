internal import Postgres
package import Series

/// Calls that are filed and have not ended: what is asked for already need not be asked for again.
extension Store {
    package struct OpenCall: Sendable, Equatable {
        package let lane: Lane
        package let seriesIDs: [Int]
        package let periods: Range<Int>
        /// When its ingestion was filed, by the shown clock.
        package let filedAt: Int64
        /// When it began, by the wall clock, seconds since 1970; nil where it waits.
        package let begunAt: Double?

        package init(lane: Lane, seriesIDs: [Int], periods: Range<Int>, filedAt: Int64, begunAt: Double? = nil) {
            self.lane = lane
            self.seriesIDs = seriesIDs
            self.periods = periods
            self.filedAt = filedAt
            self.begunAt = begunAt
        }
    }

    /// Of the dataset's ingestions of these lanes; a look for proofs brings nothing, and is none of them. `withPaused`: also what waits
    /// for a person to let it go on.
    package func openCalls(of dataset: String, lanes: [Lane], withPaused: Bool) async throws -> [OpenCall] {
        let statuses = ["pending", "running"] + (withPaused ? ["paused"] : [])
        let rows = try await pool.read("""
            select i.lane, t.series_ids, t.first_period, t.end_period, i.filed_at,
                case t.status when 'running' then extract(epoch from t.begun_at)::float8 end
            from ingestions i join tasks t on t.ingestion_id = i.id and t.status in ('available', 'running')
            where i.dataset = \(dataset) and i.status = any(\(statuses)) and i.lane = any(\(lanes.map(\.rawValue)))
                and t.shape <> \(Derivation.evidenceShape)
            """)
        return try rows.map { row in
            OpenCall(
                lane: Lane(rawValue: try row.string(0)) ?? .history, seriesIDs: try row.int64s(1).map { Int($0) },
                periods: try row.int(2)..<(try row.int(3)), filedAt: try row.instant(4), begunAt: try row.doubleOrNil(5))
        }
    }
}
