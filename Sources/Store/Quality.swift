internal import Postgres
package import Series

/// How good the records of one series were that the calls of one ingestion brought.
package struct SeriesQuality: Sendable, Equatable {
    package let ingestionID: String
    package let seriesID: Int
    package let key: SeriesKey
    /// Taken or refused.
    package let records: Int
    /// Those of them that failed a check, by its name; a check that none failed is not there.
    package let failed: [String: Int]
    /// 0 to 1, by the weights as they are now.
    package let score: Double
    package let isBelowGate: Bool
    /// The end of the last call that brought some of them, of the shown clock.
    package let at: Int64
}

/// How good the records were that one ingestion brought.
package struct IngestionQuality: Sendable, Equatable {
    /// Series that it brought records of.
    package let series: Int
    package let belowGate: Int
    /// The lowest score, and the first series that has it, with the names of its keys.
    package let lowest: Double
    package let lowestSeries: SeriesKey
    package let keys: [String]
    package let gate: Double
}

/// Scores, read by the rules of a dataset. They are kept as long as the ingestions that they are of.
extension Store {
    /// Which scores are meant; nil and empty filter nothing.
    package struct QualityFilter: Sendable {
        /// Values of each key of a series, in the dataset's order of keys.
        package var keys: [[String]]
        /// Ids of the series that are meant.
        package var series: [Int]?
        package var ingestion: String?
        /// Under the gate, or not.
        package var isBelowGate: Bool?

        package init(keys: [[String]] = [], series: [Int]? = nil, ingestion: String? = nil, isBelowGate: Bool? = nil) {
            self.keys = keys
            self.series = series
            self.ingestion = ingestion
            self.isBelowGate = isBelowGate
        }

        var condition: SQL {
            var condition: SQL = "true"
            if let ingestion { condition.append(" and i.id = \(ingestion)::uuid") }
            if let series { condition.append(" and q.series_id = any(\(series.map { Int32(clamping: $0) }))") }
            for (place, values) in keys.enumerated() where !values.isEmpty {
                condition.append(" and s.key[\(Int32(place + 1))] = any(\(values))")
            }
            return condition
        }
    }

    /// The newest ingestion first, and of one ingestion the series by their ids; `after`: where the page before ended. Empty where the
    /// dataset has no rules, or there is no such ingestion.
    package func quality(
        of dataset: Dataset, _ filter: QualityFilter, after: (ingestion: String, series: Int)? = nil, limit: Int
    ) async throws -> [SeriesQuality] {
        guard let rules = dataset.quality, [filter.ingestion, after?.ingestion].allSatisfy({ $0.map(isUUID) ?? true }) else { return [] }
        let (last, series) = (after?.ingestion, after?.series ?? 0)
        let rows = try await pool.read("""
            select q.ingestion_id::text, q.series_id, s.key, q.records, q.at, f.names, f.counts, f.score
            from ingestions i join quality q on q.ingestion_id = i.id and q.check_name = '' join series s on s.id = q.series_id
            \(Self.scored(by: rules))
            where i.dataset = \(dataset.name) and \(filter.condition)
                and (\(filter.isBelowGate)::bool is null or (f.score < \(rules.gate)) = \(filter.isBelowGate))
                and (\(last)::uuid is null or (i.id = \(last)::uuid and q.series_id > \(series))
                    or (i.created_at, i.id) < (select a.created_at, a.id from ingestions a where a.id = \(last)::uuid))
            order by i.created_at desc, i.id desc, q.series_id limit \(limit)
            """)
        return try rows.map { try Self.quality($0, rules) }
    }

    /// Of each series the score in the last ingestion that brought records of it, by its id. `series`: of these alone; `since`: none that
    /// is older, by the shown clock.
    package func latestQuality(of dataset: Dataset, _ series: [Int]? = nil, since: Int64? = nil) async throws -> [Int: SeriesQuality] {
        if dataset.quality == nil { return [:] }
        return try await pool.lease { try await Self.latestQuality(of: dataset, series, since: since, on: $0) }
    }

    static func latestQuality(
        of dataset: Dataset, _ series: [Int]? = nil, since: Int64? = nil, on connection: PostgresConnection
    ) async throws -> [Int: SeriesQuality] {
        guard let rules = dataset.quality else { return [:] }
        let ids = series.map { $0.map { Int32(clamping: $0) } }
        let rows = try await connection.query("""
            select q.ingestion_id::text, q.series_id, s.key, q.records, q.at, f.names, f.counts, f.score
            from series s cross join lateral (
                select * from quality q where q.series_id = s.id and q.check_name = '' order by q.at desc, q.ingestion_id desc limit 1
            ) q \(scored(by: rules))
            where s.dataset = \(dataset.name) and (\(ids)::int[] is null or s.id = any(\(ids)))
                and (\(.instant(since))::timestamptz is null or q.at >= \(.instant(since)))
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int(1), try quality($0, rules)) })
    }

    /// The same jobs with what their records were found to be, where they have brought any that are scored.
    package func scored(_ jobs: [StoredIngestion], of datasets: [Dataset]) async throws -> [StoredIngestion] {
        var jobs = jobs
        for dataset in datasets {
            guard let rules = dataset.quality else { continue }
            let ids = jobs.filter { $0.dataset == dataset.name }.map(\.id)
            if ids.isEmpty { continue }
            let rows = try await pool.read("""
                select q.ingestion_id::text, count(*), count(*) filter (where q.score < \(rules.gate)), min(q.score),
                    (array_agg(q.series_id order by q.score, q.series_id))[1]
                from (
                    select q.ingestion_id, q.series_id, f.score from quality q \(Self.scored(by: rules))
                    where q.ingestion_id = any(\(ids)::uuid[]) and q.check_name = ''
                ) q group by 1
                """)
            let entries = try await pool.lease { connection in
                try await Self.entries(ids: try rows.map { try $0.int(4) }, on: connection)
            }
            let keys = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0.key) })
            for row in rows {
                let id = try row.string(0)
                guard let lowest = keys[try row.int(4)] else { continue }
                let quality = IngestionQuality(
                    series: try row.int(1), belowGate: try row.int(2), lowest: try row.double(3), lowestSeries: lowest,
                    keys: dataset.keys, gate: rules.gate)
                for place in jobs.indices where jobs[place].id == id { jobs[place].quality = quality }
            }
        }
        return jobs
    }

    /// What failed of the records that `q` counts, and their score: `QualityRules.score` in the server's words, so that it can be asked
    /// for. The same numbers are added in the same order, so that both come to the same.
    private static func scored(by rules: QualityRules) -> SQL {
        """
        cross join lateral (
            select coalesce(array_agg(o.check_name order by w.place), '{}') as names,
                coalesce(array_agg(o.records order by w.place), '{}') as counts,
                round(greatest(0::float8, 1::float8 - coalesce(
                    sum(w.weight * o.records::float8 / q.records::float8 order by w.place), 0)) * 1e6::float8) / 1e6::float8 as score
            from quality o join unnest(\(rules.checks.map(\.name)), \(rules.checks.map(\.weight)))
                with ordinality as w (name, weight, place) on w.name = o.check_name
            where o.ingestion_id = q.ingestion_id and o.series_id = q.series_id
        ) f
        """
    }

    private static func quality(_ row: Postgres.Row, _ rules: QualityRules) throws -> SeriesQuality {
        let failed = Dictionary(uniqueKeysWithValues: zip(try row.strings(5), try row.int64s(6).map { Int($0) }))
        let score = try row.double(7)
        return SeriesQuality(
            ingestionID: try row.string(0), seriesID: try row.int(1), key: SeriesKey(try row.strings(2)), records: try row.int(3),
            failed: failed, score: score, isBelowGate: score < rules.gate, at: try row.instant(4))
    }
}
