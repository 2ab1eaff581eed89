internal import Bytes
internal import Postgres
package import Series

/// Why a refused record is not released.
package enum ReleaseRefusal: Error, Sendable, Equatable {
    /// The dataset cannot read a record again.
    case noReread
    /// Something came in its place, or it was stored already.
    case settled(RefusalStatus)
    /// It is no row, even on a person's word: why.
    case unreadable(String)
}

/// What a replay came to.
package struct Replayed: Sendable, Equatable {
    /// Open records that were read again.
    package var examined = 0
    /// Of these, the ones that pass by now and were stored.
    package var stored = 0
    /// The ingestion that stored them; nil where there were none.
    package var ingestionID: String?
    /// Where to go on; nil where all of the selection were read.
    package var next: Int64?
}

/// Refused records that are stored after all. What is stored so is of a call of its own, which asked nobody: an ingestion with one task
/// of the shape `release` or `replay`, with its receipt, filed and ended in the one transaction that stores it. The call that brought the
/// record is named by the record.
extension Store {
    /// Records that one replay reads.
    package static let replayMax = 1000

    /// A person says that a record is right: its row is stored by structure alone, and no reader gives older answers when this returns.
    /// One that was released already stays as it is. nil where the dataset has none of this id. Throws `ReleaseRefusal` and `KeyRefusal`.
    package func release(
        refused id: Int64, of dataset: Dataset, by asker: Asker, now: Int64, keeping: Keeping<StoredRefusal>? = nil
    ) async throws -> StoredRefusal? {
        let made = try await settlingOnce { connection -> (one: StoredRefusal, isChange: Bool)? in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            guard var one = try await Self.refusal(id, of: dataset.name, on: connection) else { return nil }
            let isOpen = one.status == .open
            if isOpen {
                let row = try Self.reread(one, of: dataset, leniently: true).get()
                _ = try await Self.store([(one, row)], as: .released, dataset, by: asker, now: now, on: connection)
                try await Self.raiseVersion(on: connection, of: dataset.name, now: now)
                one = try await Self.refusal(id, of: dataset.name, on: connection) ?? one
            } else if one.status != .released {
                throw ReleaseRefusal.settled(one.status)
            }
            if let keeping { try await Self.keep(keeping.answer(one), under: keeping.key, on: connection) }
            return (one, isOpen)
        }
        if made?.isChange == true { try await awaitReaders() }
        return made?.one
    }

    /// Reads open records again by the rules as they are now, `limit` of them in the order of their ids from behind `after`: what passes
    /// is stored, what does not stays open with the reason that it has now. One transaction; doing it again changes nothing. No reader
    /// gives older answers when this returns. Throws `ReleaseRefusal.noReread` and `KeyRefusal`.
    package func replay(
        _ filter: RefusalFilter, of dataset: Dataset, after: Int64? = nil, limit: Int = Store.replayMax, by asker: Asker, now: Int64,
        keeping: Keeping<Replayed>? = nil
    ) async throws -> Replayed {
        if dataset.reread == nil { throw ReleaseRefusal.noReread }
        var filter = filter
        filter.status = .open
        let condition = filter.condition
        let replayed = try await settlingOnce { connection in
            if let keeping { try await Self.take(keeping.key, on: connection) }
            // One at a time: two would only settle each other's records.
            _ = try await connection.query("select pg_advisory_xact_lock(hashtextextended(\(dataset.name), 7))")
            let rows = try await connection.query("""
                \(Self.refusalColumns) where q.dataset = \(dataset.name) and (\(after)::int8 is null or q.id > \(after)) and \(condition)
                order by q.id limit \(limit + 1)
                """)
            let found = try rows.map(Self.refusal)
            let replayed = try await Self.replay(
                Array(found.prefix(limit)), isAll: found.count <= limit, dataset, by: asker, now: now, on: connection)
            if let keeping { try await Self.keep(keeping.answer(replayed), under: keeping.key, on: connection) }
            return replayed
        }
        if replayed.examined > 0 { try await awaitReaders() }
        return replayed
    }

    private static func replay(
        _ found: [StoredRefusal], isAll: Bool, _ dataset: Dataset, by asker: Asker, now: Int64, on connection: PostgresConnection
    ) async throws -> Replayed {
        var replayed = Replayed(examined: found.count, next: isAll ? nil : found.last?.id)
        var passing: [(one: StoredRefusal, row: Series.Row)] = []
        var others: [(id: Int64, reason: String)] = []
        for one in found {
            switch reread(one, of: dataset, leniently: false) {
            case .success(let row): passing.append((one, row))
            // One of which nothing can be told is not refused for another reason by that.
            case .failure(.unreadable(let reason)) where one.slot != nil && reason != one.reason: others.append((one.id, reason))
            case .failure: break
            }
        }
        replayed.stored = passing.count
        if !passing.isEmpty {
            replayed.ingestionID = try await store(passing, as: .replayed, dataset, by: asker, now: now, on: connection)
        }
        // After the rows' and the coverage's locks, before the version's.
        if !others.isEmpty {
            _ = try await connection.query("""
                update quarantine q set reason = given.reason
                from unnest(\(others.map(\.id)), \(others.map(\.reason))) as given (id, reason)
                where q.id = given.id and q.status = 'open'
                """)
        }
        if !passing.isEmpty || !others.isEmpty { try await raiseVersion(on: connection, of: dataset.name, now: now) }
        return replayed
    }

    private static func reread(_ one: StoredRefusal, of dataset: Dataset, leniently: Bool) -> Result<Series.Row, ReleaseRefusal> {
        guard let read = dataset.reread else { return .failure(.noReread) }
        guard let key = one.key else { return .failure(.unreadable("it cannot be told of which series it is")) }
        if QuarantinedRecord.isCut(one.record) { return .failure(.unreadable("it was longer than what is kept of it")) }
        return read(key, one.kept, leniently).mapError { .unreadable($0.reason) }
    }

    /// Again where another had settled a record between the look and the deed; what is settled stays so, so that this ends.
    private func settlingOnce<T>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
        for _ in 0..<10 {
            do { return try await pool.transaction(body) } catch is RefusalSettled {}
        }
        throw StoreError.unavailable("the same records are being settled by others: ask again")
    }

    // MARK: The call that asks nobody

    /// Stores rows of refused records and settles these; the dataset's version is the caller's to raise. Returns the ingestion's id.
    private static func store(
        _ given: [(one: StoredRefusal, row: Series.Row)], as status: RefusalStatus, _ dataset: Dataset, by asker: Asker, now: Int64,
        on connection: PostgresConnection
    ) async throws -> String {
        let shape = status == .released ? "release" : "replay"
        let (ingestion, task) = try await file(given, shape, dataset, by: asker, now: now, on: connection)
        let numbers = given.prefix(10).map { "\($0.one.id)" }.joined(separator: ", ") + (given.count > 10 ? ", ..." : "")
        var result = TaskResult(ended: .proved, reason: "refused before, \(status.rawValue) by \(asker.name): \(numbers)")
        result.rows = given.compactMap { one, row in
            one.seriesID.map { StoredRow(seriesID: $0, time: row.time, values: row.values) }
        }
        result.resolves = RefusalResolution(ids: given.map(\.one.id), status: status, by: asker.name)
        _ = try await conclude(task, with: result, dataset: dataset, now: now, raising: false, on: connection)
        _ = try await connection.query("""
            update ingestions set status = 'completed', started_at = coalesce(started_at, now()), finished_at = now()
            where id = \(ingestion)::uuid
            """)
        if status == .released, let one = given.first?.one {
            try await audit(
                note(.refusalReleased, of: "\(one.id)", by: asker, dataset, "{\"ingestion\":\"\(ingestion)\"}"), on: connection)
        } else {
            try await audit(
                note(.refusalsReplayed, of: ingestion, by: asker, dataset, "{\"records\":\(given.count)}"), on: connection)
        }
        return ingestion
    }

    private static func note(
        _ what: AuditNote.What, of target: String, by asker: Asker, _ dataset: Dataset, _ detail: String
    ) -> AuditNote {
        AuditNote(
            what, of: target, by: asker.name, dataset: dataset.name, requestID: asker.requestID, traceID: asker.traceID, detail: detail)
    }

    /// Files the ingestion and claims its task: nobody else sees it before it has ended.
    private static func file(
        _ given: [(one: StoredRefusal, row: Series.Row)], _ shape: String, _ dataset: Dataset, by asker: Asker, now: Int64,
        on connection: PostgresConnection
    ) async throws -> (id: String, task: ClaimedTask) {
        let times = given.map(\.row.time)
        let (first, last) = (times.min() ?? now, times.max() ?? now)
        let periods = dataset.periods.slot(containing: first)..<dataset.periods.slot(containing: last) + 1
        let ids = Array(Set(given.compactMap(\.one.seriesID))).sorted()
        let slots = Set(given.map { [$0.one.seriesID ?? 0, $0.one.slot ?? 0] }).count
        let call = StoredCall(shape: shape, seriesIDs: ids, periods: periods, covers: slots, requests: 0, tokens: 0)
        let digest = "\(shape) \(given.first?.one.id ?? 0) \(given.count)"
        let (id, isNew) = try await file(
            NewIngestion(
                dataset: dataset.name, selection: selection(given.compactMap(\.one.key), first...last, dataset), selectionDigest: digest,
                planID: nil, requestedBy: asker.name, lane: .repair,
                figures: PlanFigures(
                    gaps: slots, slots: slots, cost: Cost(requests: 0), lowerBound: Cost(requests: 0), optimality: .proven,
                    estimatedSeconds: 0),
                calls: [call], filedAt: now, traceID: asker.traceID, requestID: asker.requestID),
            on: connection)
        if !isNew { throw RefusalSettled() }
        let task = try await connection.query("""
            update tasks set status = 'running', attempts = 1, fence = 1, worker = \(shape), begun_at = clock_timestamp(),
                lease_until = now() + interval '1 minute'
            where ingestion_id = \(id)::uuid returning id
            """).only().int64(0)
        return (id, ClaimedTask(
            id: task, ingestionID: id, dataset: dataset.name, shape: shape, seriesIDs: ids, periods: periods, requestsPlanned: 0, file: nil,
            attempts: 1, fence: 1, traceID: asker.traceID, lane: .repair))
    }

    /// Series and stretch, in the words of a selection.
    private static func selection(_ keys: [SeriesKey], _ span: ClosedRange<Int64>, _ dataset: Dataset) -> String {
        let end = keys.map { key in
            let ruler = dataset.calendar(of: key).ruler
            return ruler.end(of: ruler.slot(containing: span.upperBound))
        }.max() ?? span.upperBound + 1
        var json = JSONWriter(capacity: 256)
        json.beginObject()
        json.key("dataset")
        json.string(dataset.name)
        for (place, name) in dataset.keys.enumerated() {
            json.key(name)
            json.beginArray()
            for value in Set(keys.map { $0.values[place] }).sorted() { json.string(value) }
            json.endArray()
        }
        for (name, instant) in [("from", span.lowerBound), ("to", end)] {
            json.key(name)
            json.timestamp(instant, offset: dataset.zone.offset(at: instant))
        }
        json.key("mode")
        json.string("missing")
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
