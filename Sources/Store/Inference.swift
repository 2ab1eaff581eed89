internal import Postgres
package import Series

/// What a piece of a task that asks nobody came to.
package struct Inferred: Sendable, Equatable {
    /// Rows that were written, of slots that nothing was held of.
    package var written = 0
    package var filled = 0
    /// Slots that became known to be empty.
    package var absent = 0
    /// Slots that were to be had and are neither.
    package var left = 0

    package init() {}

    package static func += (a: inout Inferred, b: Inferred) {
        a.written += b.written
        a.filled += b.filled
        a.absent += b.absent
        a.left += b.left
    }
}

/// Slots that follow from those of finer series (`Derivation`).
extension Store {
    /// The slots of a series that could follow from others, in a stretch of its slots.
    package func derivable(_ target: SeriesEntry, in span: Range<Int64>, of dataset: Dataset, now: Int64) async throws -> SlotSet {
        try await pool.lease { connection in
            let known = try await Self.known([target], in: span, of: dataset, on: connection)
            return known.reduce(into: SlotSet()) { $0.formUnion($1.open(dataset, now: now)) }
        }
    }

    /// Fills slots of a series with what those of others say, the first of `sources` that has all of a slot: rows are rolled up, and where
    /// every finer slot is known to be empty, so is this one. What is held stays as it is. Throws `leaseLost` as `finish` does.
    ///
    /// One transaction, in which all is read that is written of: coverage first, and then the rows of a source in one statement, so that a
    /// slot is made of rows that were held beside each other. A call that is to change one of them and has not committed yet comes after.
    package func derive(
        _ task: ClaimedTask, _ target: SeriesEntry, from sources: [SeriesEntry], in slots: Range<Int>, of dataset: Dataset, now: Int64
    ) async throws -> Inferred {
        guard let derivation = dataset.derivation else { return Inferred() }
        let span = dataset.instants(of: slots, of: target.key)
        return try await pool.transaction { connection in
            try await Self.hold(task, on: connection)
            try await Self.holdSources(sources, on: connection)
            guard let own = try await Self.known([target], in: span, of: dataset, on: connection).first else { return Inferred() }
            var left = own.open(dataset, now: now)
            if left.isEmpty { return Inferred() }
            var rows: [StoredRow] = []
            var empty = SlotSet()
            var common = SlotSet()
            for source in try await Self.known(sources, in: span, of: dataset, on: connection) {
                guard let finer = source.finer(of: own.ruler) else { continue }
                let known = finer.known(of: left)
                left = left.subtracting(known.rolled.union(known.empty).union(known.common))
                empty.formUnion(known.empty.subtracting(own.quarantined))
                common.formUnion(known.common.subtracting(own.quarantined))
                rows += try await Self.roll(known.rolled, of: own, from: source, finer.ratio, derivation, dataset, on: connection)
            }
            var inferred = Inferred()
            inferred.written = try await Self.insertNew(rows, task: task.id, schema: dataset.schema(of: target.key), on: connection)
            let parts = try await Self.parts(of: rows, dataset, on: connection)
            let settled = try await Self.remember(
                parts, of: TaskResult(ended: .proved, reason: ""), task, dataset, now: now, on: connection)
            inferred.filled = settled.filled
            let isOlder = try await Self.extendLifetimes(touched: parts, isBeginning: false, dataset, on: connection)
            inferred.absent = try await Self.note(
                [KnownEmpty(id: target.id, key: target.key, [derivation.emptyReason: empty, derivation.commonReason: common])],
                task: task.id, dataset, now: now, on: connection)
            let rolled = SlotSet(ranges: rows.map { row in
                let slot = own.ruler.slot(containing: row.time)
                return slot..<slot + 1
            })
            inferred.left = own.open(dataset, now: now).subtracting(rolled).subtracting(empty).subtracting(common).count
            try await Self.note(inferred, of: task, isChange: settled.isChange || isOlder, dataset, now: now, on: connection)
            return inferred
        }
    }

    /// Adds a piece to the task's figures, and raises the dataset's version where it changed anything.
    static func note(
        _ inferred: Inferred, of task: ClaimedTask, isChange: Bool, _ dataset: Dataset, now: Int64, on connection: PostgresConnection
    ) async throws {
        _ = try await connection.query("""
            update tasks set written = written + \(inferred.written), filled = filled + \(inferred.filled),
                absent = absent + \(inferred.absent)
            where id = \(task.id)
            """)
        if isChange || inferred.written + inferred.filled + inferred.absent > 0 {
            try await raiseVersion(on: connection, of: dataset.name, now: now)
        }
    }

    /// The rows of slots all of whose finer slots are known.
    static func roll(
        _ slots: SlotSet, of target: KnownSlots, from source: KnownSlots, _ ratio: Int, _ derivation: Derivation, _ dataset: Dataset,
        on connection: PostgresConnection
    ) async throws -> [StoredRow] {
        guard let first = slots.first, let last = slots.last else { return [] }
        let span = target.ruler.start(of: first)..<target.ruler.end(of: last)
        let schema = dataset.schema(of: source.entry.key)
        let block = try block(
            try await connection.query(try rowQuery([source.entry.id], span, of: schema)), of: schema)
        var rows: [StoredRow] = []
        var parts: [[Value]] = []
        var open: Int?
        func close() {
            if let slot = open, let values = derivation.roll(parts) {
                rows.append(StoredRow(seriesID: target.entry.id, time: target.ruler.start(of: slot), values: values))
            }
            parts.removeAll(keepingCapacity: true)
            open = nil
        }
        for place in 0..<block.count {
            let slot = target.ruler.slot(containing: block.times[place])
            if slot != open { close() }
            guard open != nil || slots.contains(slot) else { continue }
            open = slot
            parts.append(schema.columns.indices.map { block.value($0, of: place) })
        }
        close()
        return rows
    }
}
