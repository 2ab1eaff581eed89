internal import Postgres
package import Series

/// The store's clock and the upstreams that its data came from: both are decided once, by the first start.
extension Store {
    package struct StoredClock: Sendable, Equatable {
        /// Real time of the first start, seconds since 1970.
        package let realAt: Int64
        /// What was shown then.
        package let shownAt: Int64
        package let speed: Double

        package init(realAt: Int64, shownAt: Int64, speed: Double) {
            self.realAt = realAt
            self.shownAt = shownAt
            self.speed = speed
        }

        package func shown(real: Double) -> Double { Double(shownAt) + (real - Double(realAt)) * speed }
    }

    /// The clock of this store: `proposed` where it has none yet, else what the first start stored.
    package func clock(proposed: StoredClock) async throws -> StoredClock {
        _ = try await pool.query("""
            insert into clock (real_at, shown_at, speed)
            values (\(.instant(proposed.realAt)), \(.instant(proposed.shownAt)), \(proposed.speed)) on conflict do nothing
            """)
        let row = try await pool.query("select real_at, shown_at, speed from clock").only()
        return StoredClock(realAt: try row.instant(0), shownAt: try row.instant(1), speed: try row.double(2))
    }

    /// Remembers which upstream address a dataset's coverage comes from, and refuses another.
    package func claimOrigin(dataset: String, baseURL: String) async throws {
        _ = try await pool.query("""
            insert into upstream_origins as o (dataset, base_url) values (\(dataset), \(baseURL))
            -- What nothing came from yet was a mistyped address, or one that answered nothing.
            on conflict (dataset) do update set base_url = excluded.base_url
                where o.base_url <> excluded.base_url and not exists (
                    select from coverage c join series s on s.id = c.series_id
                    where s.dataset = o.dataset and not (isempty(c.held) and isempty(c.absent)))
            """)
        let stored = try await pool.query("select base_url from upstream_origins where dataset = \(dataset)").only().string(0)
        if stored != baseURL { throw StoreError.otherOrigin(dataset: dataset, stored: stored, given: baseURL) }
    }

    /// Keeps what a dataset's rows are kept by (`Dataset.terms`), and refuses others once anything is held: slots are numbered by it.
    package func claimTerms(of dataset: Dataset, now: Int64) async throws {
        guard let terms = dataset.terms else { return }
        try await pool.transaction { connection in
            _ = try await connection.query("""
                insert into dataset_terms (dataset, terms) values (\(dataset.name), \(terms)) on conflict do nothing
                """)
            let stored = try await connection.query("""
                select terms from dataset_terms where dataset = \(dataset.name) for update
                """).only().string(0)
            if stored == terms { return }
            let held = try await connection.query("""
                select from coverage c join series s on s.id = c.series_id
                where s.dataset = \(dataset.name) and not (isempty(c.held) and isempty(c.absent)) limit 1
                """)
            if !held.isEmpty { throw StoreError.otherTerms(dataset: dataset.name, stored: stored, given: terms) }
            _ = try await connection.query("update dataset_terms set terms = \(terms) where dataset = \(dataset.name)")
            let series = try await connection.query("select id, key from series where dataset = \(dataset.name)")
            let begins = try series.compactMap { row -> (Int32, Int64)? in
                let (id, key) = (Int32(clamping: try row.int(0)), SeriesKey(try row.strings(1)))
                return dataset.firstSlot(of: key, followedAt: now).map { (id, Int64($0)) }
            }
            _ = try await connection.query("""
                update series s set lifetime = int8range(v.first, null)
                from unnest(\(begins.map(\.0)), \(begins.map(\.1))) as v (id, first) where s.id = v.id
                """)
        }
    }
}
