internal import Postgres
internal import Series

/// When series began and ended: nothing is expected outside (`series.lifetime`, in the series' own slots; a bound that is not known is
/// open).
extension Store {
    /// Brings the lifetimes of all series of some families into step with what is held by now, within the transaction that stored rows.
    /// Nothing where the dataset does not say so. Whether any changed: the dataset's version is to be raised then.
    ///
    /// A family's beginning is known once somebody is sure that there was nothing before the first slot of one of its series: it lies in
    /// that slot, and in the shortest such where several tell it. An earlier row moves it back. Until it is known all slots are expected; a
    /// series of which nothing happens to be held before tells nothing. A family of which something is held after its end has not ended.
    ///
    /// - Parameters:
    ///   - touched: the parts that rows were stored of, by series: where no series begins by them, or ends later, nothing else is looked
    ///     at.
    ///   - isBeginning: nothing was ever there before them, or before `beginsAt`, where a record was refused.
    static func extendLifetimes(
        touched: [Int: SlotSet], isBeginning: Bool, from beginsAt: Int64? = nil, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> Bool {
        if !dataset.beginsWithFirstRow || touched.isEmpty { return false }
        let rows = try await connection.query("""
            select s.key, lower(c.held), upper(c.held), lower(s.lifetime), upper(s.lifetime), s.id
            from series s join coverage c on c.series_id = s.id where s.id = any(\(touched.keys.map { Int32($0) }))
            """)
        // By family, with what is told of its beginning.
        var families: [String: [Int64]] = [:]
        for row in rows {
            let key = SeriesKey(try row.strings(0))
            guard let first = try row.intOrNil(1), let end = try row.intOrNil(2) else { continue }
            let parts = dataset.calendar(of: key).parts
            let begun = try row.intOrNil(3).map { $0 * parts <= first && first < ($0 + 1) * parts } ?? false
            let isOver = try row.intOrNil(4).map { $0 * parts < end } ?? false
            // Where an earlier row was held before, the family's beginning has been found by it.
            let isFirst = touched[try row.int(5)]?.first == first
            guard (isFirst && !begun) || isOver else { continue }
            let begin = dataset.calendar(of: key).partRuler.start(of: first)
            families[dataset.family(key), default: []] += isBeginning && isFirst ? [min(begin, beginsAt ?? begin)] : []
        }
        if families.isEmpty { return false }
        // One after the other: whoever comes second sees what the first has stored.
        let lives = try await lockedLives(of: Set(families.keys), dataset, on: connection)
        let spans = try await spans(of: lives.values.flatMap(\.self), dataset, on: connection)
        return try await write(
            lives.flatMap { family, lives in extended(lives, spans, told: families[family] ?? [], dataset) }, on: connection)
    }

    /// The lifetimes of a family's series as they are by what is held. `told`: where slots start that are sure to be the first of their
    /// series, as somebody has just told.
    private static func extended(
        _ lives: [Life], _ spans: [Int: (first: Range<Int64>, last: Range<Int64>)], told: [Int64], _ dataset: Dataset
    ) -> [(life: Life, first: Int?, end: Int?)] {
        let spans = lives.compactMap { life in spans[life.id].map { (life: life, first: $0.first, last: $0.last) } }
        // As the shortest slot has it: the others begin with the slot that it lies in.
        var begin = (lives.compactMap { life in life.first.map { dataset.calendar(of: life.key).ruler.start(of: $0) } } + told).max()
        if let known = begin, let before = spans.map(\.first).filter({ $0.upperBound <= known }).map(\.lowerBound).min() {
            begin = before
        }
        let isOver = spans.contains { span in
            guard let end = span.life.end else { return false }
            return dataset.calendar(of: span.life.key).ruler.slot(containing: span.last.lowerBound) >= end
        }
        return lives.map { life in
            (life, begin.map { dataset.calendar(of: life.key).ruler.slot(containing: $0) }, isOver ? nil : life.end)
        }
    }

    /// Ends the lifetimes of all series of a call's family with the last thing that is held of any of them, within the transaction of a
    /// call that was told that it is gone (`silentSince`: by silence from then on alone). Whether any changed: the dataset's version is to
    /// be raised then. nil: nothing is held of it, and nothing is ended.
    static func endLifetimes(
        of task: ClaimedTask, silentSince: Int64? = nil, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> Bool? {
        let keys = try await connection.query("select key from series where id = any(\(task.seriesIDs.map { Int32($0) }))")
        guard let family = try keys.first.map({ dataset.family(SeriesKey(try $0.strings(0))) }) else { return nil }
        let lives = try await lockedLives(of: [family], dataset, on: connection)[family] ?? []
        // A series of which nothing later happens to be held tells nothing: the longest slot that is held last bounds it.
        guard let end = try await spans(of: lives, dataset, on: connection).values.map(\.last.upperBound).max() else { return nil }
        // It has not been silent: the answer was wrong, or a later one has come.
        if let silentSince, end > silentSince { return false }
        return try await write(
            lives.map { ($0, $0.first, dataset.calendar(of: $0.key).ruler.slot(containing: end - 1) + 1) }, on: connection)
    }

    /// The first and the last held part of each series of which something is held, as instants.
    private static func spans(
        of lives: [Life], _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [Int: (first: Range<Int64>, last: Range<Int64>)] {
        let held = try await connection.query("""
            select series_id, lower(held), upper(held) from coverage where series_id = any(\(lives.map { Int32($0.id) }))
            """)
        let keys = Dictionary(uniqueKeysWithValues: lives.map { ($0.id, $0.key) })
        var spans: [Int: (first: Range<Int64>, last: Range<Int64>)] = [:]
        for row in held {
            let id = try row.int(0)
            guard let key = keys[id], let first = try row.intOrNil(1), let end = try row.intOrNil(2) else { continue }
            let ruler = dataset.calendar(of: key).partRuler
            spans[id] = (ruler.start(of: first)..<ruler.end(of: first), ruler.start(of: end - 1)..<ruler.end(of: end - 1))
        }
        return spans
    }

    private struct Life {
        let id: Int
        let key: SeriesKey
        let first: Int?
        let end: Int?
    }

    /// By family.
    private static func lockedLives(
        of families: Set<String>, _ dataset: Dataset, on connection: PostgresConnection
    ) async throws -> [String: [Life]] {
        let known = try await connection.query("select id, key from series where dataset = \(dataset.name)").map {
            SeriesEntry(id: try $0.int(0), key: SeriesKey(try $0.strings(1)))
        }
        let ids = known.filter { families.contains(dataset.family($0.key)) }.map { Int32($0.id) }
        let lives = try await connection.query("""
            select id, key, lower(lifetime), upper(lifetime) from series where id = any(\(ids)) order by id for no key update
            """).map {
                Life(id: try $0.int(0), key: SeriesKey(try $0.strings(1)), first: try $0.intOrNil(2), end: try $0.intOrNil(3))
            }
        return Dictionary(grouping: lives) { dataset.family($0.key) }
    }

    private static func write(_ wanted: [(life: Life, first: Int?, end: Int?)], on connection: PostgresConnection) async throws -> Bool {
        let changed = wanted.filter { $0.first != $0.life.first || $0.end != $0.life.end }
        if changed.isEmpty { return false }
        _ = try await connection.query("""
            update series s set lifetime = int8range(v.first, v.ends)
            from unnest(\(changed.map { Int32($0.life.id) }), \(changed.map(\.first)), \(changed.map(\.end))) as v (id, first, ends)
            where s.id = v.id
            """)
        return true
    }
}
