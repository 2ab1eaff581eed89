internal import Postgres

/// Today on demand, as all processes together see it: what was fetched of today, and when.
extension Store {
    /// The last ingestion of one selection, or work that is under way for the same.
    package struct TodayFetch: Sendable, Equatable {
        package let id: String
        package let status: String
        /// Of the shown clock: what was due then it asked for.
        package let filedAt: Int64
        /// Real seconds since it ended; nil while it is open.
        package let endedAgo: Double?

        /// It will be worked without anybody's doing.
        package var isUnderWay: Bool { status == "pending" || status == "running" }
    }

    /// What is known of fetching today: an open ingestion of the lane `live` that has a call of one of these shapes over this period
    /// ahead of it, else the last one of this selection; nil where there is neither.
    package func todayFetch(at place: TodayPlace) async throws -> TodayFetch? {
        try await Self.todayFetch(place) { sql in try await pool.read(sql) }
    }

    /// What a fetch of today is known by.
    package struct TodayPlace: Sendable {
        package let dataset: String
        /// Of the selection.
        package let digest: String
        package let shapes: [String]
        /// The local day.
        package let period: Int

        package init(dataset: String, digest: String, shapes: [String], period: Int) {
            self.dataset = dataset
            self.digest = digest
            self.shapes = shapes
            self.period = period
        }
    }

    /// Files a fetch of today, unless `allows` says of the last one that it is enough: nobody else can file one between the look and the
    /// deed. Returns what there is now, and whether it was filed here.
    package func fileToday(
        _ new: NewIngestion, at place: TodayPlace, unless isEnough: (TodayFetch) -> Bool
    ) async throws -> (fetch: TodayFetch, isNew: Bool) {
        try await pool.transaction { connection in
            let name = "\(place.dataset)/\(place.digest)"
            _ = try await connection.query("select pg_advisory_xact_lock(hashtextextended(\(name), 16))")
            let last = try await Self.todayFetch(place) { sql in try await connection.query(sql) }
            if let last, isEnough(last) { return (last, false) }
            let (id, isNew) = try await Self.file(new, on: connection)
            let row = try await connection.query("select status from ingestions where id = \(id)::uuid").only()
            return (TodayFetch(id: id, status: try row.string(0), filedAt: new.filedAt, endedAgo: nil), isNew)
        }
    }

    private static func todayFetch(_ place: TodayPlace, _ read: (SQL) async throws -> Rows) async throws -> TodayFetch? {
        let rows = try await read("""
            with known as (
                (select * from ingestions i where i.dataset = \(place.dataset) and i.selection_digest = \(place.digest)
                order by i.filed_at desc, i.created_at desc limit 1)
                union all
                (select * from ingestions i where i.dataset = \(place.dataset) and i.lane = 'live' and i.status in ('pending', 'running')
                    and exists (
                        select from tasks t where t.ingestion_id = i.id and t.status in ('available', 'running')
                            and t.shape = any(\(place.shapes)) and t.first_period <= \(place.period) and t.end_period > \(place.period))
                limit 1)
            )
            select id::text, status, filed_at, extract(epoch from clock_timestamp() - finished_at)::float8 from known
            order by status in ('pending', 'running') desc limit 1
            """)
        return try rows.first.map { row in
            TodayFetch(
                id: try row.string(0), status: try row.string(1), filedAt: try row.instant(2), endedAgo: try row.doubleOrNil(3))
        }
    }

    /// Whether a worker has ever been ready to ask this dataset's upstream.
    package func isClaimed(dataset: String) async throws -> Bool {
        try await !pool.read("select from upstream_origins where dataset = \(dataset)").isEmpty
    }
}
