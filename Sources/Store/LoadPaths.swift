internal import Bytes
internal import Postgres
internal import Series

/// The two ways of rows into the table.
extension Store {
    private static let bytesPerPiece = 256 * 1024

    /// Rows that are in the order of time. Throws `Disorder` where they are not.
    static func inOrder(_ target: LoadTarget, _ feed: LoadFeed) async throws -> Load {
        var load = Load(end: LoadEnd(sha256: [], rows: 0))
        var cover = RowCover(target.dataset, target.key)
        // What is held lies between these instants; a hint: nothing is locked.
        let held = try await heldTimes(target)
        try await copyStraight(feed, target, before: held?.lowerBound ?? .max, &load, &cover)
        if let held {
            feed.relay()
            let staged = try await stage(feed, target, before: held.upperBound, inOrder: true, &load) { times in
                for time in times { cover.add(time) }
            }
            let written = try await insertNew(staged, target, &load)
            feed.relay()
            // New rows before held rows are locked, and both by primary key: two writers never wait for each other in a ring.
            try await copyStraight(feed, target, before: .max, &load, &cover)
            try await compare(staged, written, target, feed, &load)
        }
        load.parts = cover.finished()
        return try finished(load, feed)
    }

    /// Rows in any order, and maybe more than one of a time.
    static func inAnyOrder(_ target: LoadTarget, _ feed: LoadFeed) async throws -> Load {
        var load = Load(end: LoadEnd(sha256: [], rows: 0))
        var staged = try await stage(feed, target, before: .max, inOrder: false, &load) { _ in }
        if staged > 0 { staged -= try await dropDoubles(target, &load) }
        let written = try await insertNew(staged, target, &load)
        try await compare(staged, written, target, feed, &load)
        load.parts = staged > 0 ? try await stagedParts(target) : SlotSet()
        return try finished(load, feed)
    }

    private static func finished(_ load: Load, _ feed: LoadFeed) throws -> Load {
        var load = load
        guard let end = feed.end else { preconditionFailure("a file was not read to its end") }
        load.end = end
        load.handed = feed.given
        load.outcome.times = feed.times
        return load
    }

    /// From where the first part that is held begins to where the last one ends.
    private static func heldTimes(_ target: LoadTarget) async throws -> Range<Int64>? {
        let row = try await target.connection.query("""
            select lower(held), upper(held) from coverage where series_id = \(target.series)
            """).first
        guard let row, let first = try row.intOrNil(0), let end = try row.intOrNil(1) else { return nil }
        let ruler = target.dataset.calendar(of: target.key).partRuler
        return ruler.start(of: first)..<ruler.start(of: end)
    }

    private static func copyStraight(
        _ feed: LoadFeed, _ target: LoadTarget, before limit: Int64, _ load: inout Load, _ cover: inout RowCover
    ) async throws {
        guard let first = try await feed.nextTime(), first < limit else { return }
        let taken = try await copy(
            "copy \(target.table) (series_id, time, task_id, \(target.columns)) from stdin (format binary)", feed, target,
            .straight(series: target.series, task: target.task), fields: target.columns.count + 3, before: limit, inOrder: true
        ) { times in
            for time in times { cover.add(time) }
        }
        load.taken += taken
        load.outcome.counts.written += taken
    }

    private static func copy(
        _ statement: SQL, _ feed: LoadFeed, _ target: LoadTarget, _ layout: LoadFeed.Layout, fields: Int, before limit: Int64,
        inOrder: Bool, see: (ArraySlice<Int64>) -> Void
    ) async throws -> Int {
        var rows = CopyRows(fields: fields)
        var isEnded = false
        return try await target.connection.copyIn(statement) {
            if isEnded { return nil }
            let isMore = try await feed.fill(
                &rows, layout, target.schema, before: limit, inOrder: inOrder, bytes: bytesPerPiece, see: see)
            if !isMore {
                rows.end()
                isEnded = true
            }
            return rows.take()
        }
    }

    /// Puts rows into the temporary table, and makes it where there are any; how many there were.
    private static func stage(
        _ feed: LoadFeed, _ target: LoadTarget, before limit: Int64, inOrder: Bool, _ load: inout Load,
        see: (ArraySlice<Int64>) -> Void
    ) async throws -> Int {
        guard let first = try await feed.nextTime(), first < limit else { return 0 }
        let kinds = zip(target.columns, target.schema.columns).map { name, column -> SQL in
            switch column.kind {
            case .decimal: return "\(name) numeric"
            case .integer: return "\(name) bigint"
            case .text: return "\(name) text"
            case .json: return "\(name) jsonb"
            }
        }
        // Its rows are gone with the transaction, and never in the log.
        try await target.connection.query("""
            create temporary table \(target.staged) (place bigint, time timestamptz not null, \(kinds.joined(separator: ", ")))
            on commit drop
            """)
        let taken = try await copy(
            "copy \(target.staged) from stdin (format binary)", feed, target, .staged, fields: target.columns.count + 2, before: limit,
            inOrder: inOrder, see: see)
        try await target.connection.query("analyze \(target.staged)")
        load.taken += taken
        return taken
    }

    /// Inserts staged rows of times that the table does not have; how many.
    private static func insertNew(_ staged: Int, _ target: LoadTarget, _ load: inout Load) async throws -> Int {
        if staged == 0 { return 0 }
        let written = try await target.connection.execute("""
            insert into \(target.table) (series_id, time, task_id, \(target.columns))
            select \(target.series), time, \(target.task), \(target.columns) from \(target.staged) given
            where not exists (
                select from \(target.table) held where held.series_id = \(target.series) and held.time = given.time
            ) order by time
            on conflict (series_id, time) do nothing
            """)
        load.outcome.counts.written += written
        return written
    }

    /// A row is equal to the held one in most cases, and the server finds that out; only those that differ come here.
    private static func compare(
        _ staged: Int, _ written: Int, _ target: LoadTarget, _ feed: LoadFeed, _ load: inout Load
    ) async throws {
        let others = staged - written
        if others == 0 { return }
        let cursor = try identifier("differing_" + target.schema.table)
        try await target.connection.query("""
            declare \(cursor) no scroll cursor for
            select given.time, \(target.columns.map { "given.\($0)" as SQL }.joined(separator: ", "))
            from \(target.staged) given join \(target.table) held on held.series_id = \(target.series) and held.time = given.time
            where held.task_id is distinct from \(target.task) and (\(differs(target))) order by given.time
            """)
        let before = load.outcome.counts
        // The file has been read to its end: its last row is known.
        let order = try await EditionOrder(target, last: feed.times?.upperBound)
        var differing = 0
        while true {
            let page = try await target.connection.query("fetch 5000 from \(cursor)")
            let rows = try page.map { row in
                StoredRow(
                    seriesID: target.file.seriesID, time: try row.instant(0),
                    values: try target.schema.columns.enumerated().map { try value(of: row, at: $0.offset + 1, kind: $0.element.kind) })
            }
            if rows.isEmpty { break }
            differing += rows.count
            try await succeed(
                rows.map { ($0, []) }, task: target.task, schema: target.schema, isLater: order.isLater, now: target.now,
                counting: &load.outcome.counts, on: target.connection)
        }
        try await target.connection.query("close \(cursor)")
        let revised = load.outcome.counts.revised - before.revised
        load.outcome.counts.unchanged += others - revised
        load.outcome.outdone = differing - revised - (load.outcome.counts.supplemented - before.supplemented)
    }

    /// Another value in a compared column, or one where the held row has none.
    private static func differs(_ target: LoadTarget) -> SQL {
        let compared = target.schema.compared.map { target.columns[$0] }
        let others = target.columns.indices.filter { !target.schema.compared.contains($0) }.map { target.columns[$0] }
        let different = others.map { "held.\($0) is null and given.\($0) is not null" as SQL } + compared.map {
            "held.\($0) is distinct from given.\($0)" as SQL
        }
        return different.joined(separator: " or ")
    }
}
