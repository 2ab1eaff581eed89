internal import Postgres
internal import Series

/// What records are scored by: counted in the transaction that ends the call which brought them.
extension Store {
    /// Adds what a call brought to its ingestion's counts. Behind the locks of coverage and remarks, in the order of series and checks.
    /// Whether anything was counted: the dataset's version is to be raised then, for its series have other scores.
    ///
    /// - Parameter came: how many rows of each series were taken, those that were held already included.
    static func countQuality(
        of came: [Int: Int], _ result: TaskResult, _ task: ClaimedTask, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws -> Bool {
        guard let rules = dataset.quality else { return false }
        let known = Set(rules.checks.map(\.name))
        var totals = came
        var failed: [Int: [String: Int]] = [:]
        for (id, reasons) in result.refused.counts {
            for (reason, count) in reasons {
                totals[id, default: 0] += count
                failed[id, default: [:]][rules.check(of: reason), default: 0] += count
            }
        }
        for (id, marks) in result.marks {
            // Marks are of rows that were taken: there is nothing odd about none.
            guard let most = came[id] else { continue }
            for (check, count) in marks { failed[id, default: [:]][check, default: 0] += min(count, most) }
        }
        var lines: [(id: Int32, check: String, records: Int)] = []
        for (id, total) in totals.sorted(by: { $0.key < $1.key }) where total > 0 {
            lines.append((Int32(clamping: id), "", total))
            for (check, count) in (failed[id] ?? [:]).sorted(by: { $0.key < $1.key }) where count > 0 && known.contains(check) {
                lines.append((Int32(clamping: id), check, count))
            }
        }
        if lines.isEmpty { return false }
        _ = try await connection.query("""
            insert into quality as q (ingestion_id, series_id, check_name, records, at)
            select \(task.ingestionID)::uuid, v.id, v.name, v.records, \(.instant(now))
            from unnest(\(lines.map(\.id)), \(lines.map(\.check)), \(lines.map(\.records))) with ordinality as v (id, name, records, place)
            order by v.place
            on conflict (ingestion_id, series_id, check_name)
                do update set records = q.records + excluded.records, at = greatest(q.at, excluded.at)
            """)
        return true
    }
}
