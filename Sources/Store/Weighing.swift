internal import Postgres
package import Series

/// Proofs that nothing happened in slots that are missing, out of what is held of others (`Evidence`).
extension Store {
    /// Weighs the missing slots of some series of one slot length, within a stretch of time: those that others prove to be empty become
    /// absent, with the task as evidence; of the rest is remarked what can be said. `all`: every series of the dataset. Throws `leaseLost`
    /// as `finish`.
    ///
    /// One transaction. What the proofs stand on is read in it, and what came meanwhile of the judged slots themselves is looked at under
    /// the lock that writers of coverage take: a slot that is held by then stays so.
    package func weigh(
        _ task: ClaimedTask, _ judged: [SeriesEntry], among all: [SeriesEntry], in window: Range<Int64>, of dataset: Dataset, now: Int64
    ) async throws -> Inferred {
        guard let derivation = dataset.derivation, let first = judged.first,
            case .every(let slotSeconds, _) = dataset.calendar(of: first.key).ruler
        else { return Inferred() }
        return try await pool.transaction { connection in
            let weighing = Weighing(
                dataset: dataset, derivation: derivation, ruler: dataset.calendar(of: first.key).ruler, slotSeconds: slotSeconds, all: all,
                window: window, now: now, connection: connection)
            let findings = try await weighing.findings(of: judged)
            try await Self.hold(task, on: connection)
            var inferred = Inferred()
            inferred.absent = try await Self.note(
                findings.map { KnownEmpty(id: $0.entry.id, key: $0.entry.key, $0.empty) }, task: task.id, dataset, now: now, on: connection)
            inferred.left = findings.reduce(0) { $0 + $1.left.count }
            let isRemarked = try await Self.remark(
                findings.map { ($0.entry.id, $0.slots, $0.remarks) }, task: task.id, now: now, on: connection)
            try await Self.note(inferred, of: task, isChange: isRemarked, dataset, now: now, on: connection)
            return inferred
        }
    }
}

/// One look at series of one slot length.
private struct Weighing {
    let dataset: Dataset
    let derivation: Derivation
    let ruler: Ruler
    let slotSeconds: Int
    let all: [SeriesEntry]
    let window: Range<Int64>
    let now: Int64
    let connection: PostgresConnection

    struct Finding {
        let entry: SeriesEntry
        /// Those that were looked at.
        let slots: Range<Int>
        let empty: [String: SlotSet]
        let remarks: SlotRemarks
        /// Missing slots that stay so.
        let left: SlotSet
    }

    func findings(of judged: [SeriesEntry]) async throws -> [Finding] {
        let judgedIDs = Set(judged.map(\.id))
        let peers = all.filter { dataset.calendar(of: $0.key).ruler == ruler }
        // Neighbours count, and the longest silence that a stretch may have in it.
        let margin = Int64(Evidence.longestSilence + (Activity.reach + 2) * max(3600, slotSeconds))
        let wide = window.lowerBound - margin..<window.upperBound + margin
        let slots = ruler.slots(from: window.lowerBound, to: window.upperBound)
        let known = try await Store.known(peers, in: wide, of: dataset, on: connection)
        var witnesses: [Evidence.Witness] = []
        var proofs: [[String: SlotSet]] = []
        let evidence = Evidence(slotSeconds: slotSeconds)
        for one in known {
            var missing = SlotSet()
            var proof: [String: SlotSet] = [:]
            var finer = SlotSet()
            if judgedIDs.contains(one.entry.id) {
                missing = one.open(dataset, now: now).subtracting(one.absent).subtracting(one.quarantined).intersection(slots)
                if !missing.isEmpty {
                    proof = try await proved(missing, of: one)
                    for proved in proof.values { missing = missing.subtracting(proved) }
                    finer = try await touched(missing, of: one.entry.key)
                }
            }
            let empty = proof.values.reduce(one.empty) { $0.union($1) }
            witnesses.append(Evidence.Witness(held: one.held, empty: empty, missing: missing, finer: finer, activity: nil))
            proofs.append(proof)
        }
        let traded = try await traded(in: wide)
        let verdicts = try await judge(witnesses, of: known, evidence, traded)
        try await tellDowntimes(&proofs, witnesses, of: known, evidence, traded)
        return known.indices.filter { judgedIDs.contains(known[$0].entry.id) }.map { place in
            let (verdict, missing) = (verdicts[place], witnesses[place].missing)
            var empty = proofs[place]
            empty[derivation.commonReason, default: SlotSet()].formUnion(verdict.common)
            let left = missing.subtracting(verdict.common)
            let said = ["lost": verdict.lost, "unknown": verdict.unknown]
            return Finding(
                entry: known[place].entry, slots: slots, empty: empty,
                remarks: SlotRemarks(said, silent: left.subtracting(verdict.lost).subtracting(verdict.unknown)), left: left)
        }
    }

    /// That nothing was is proved by a count; that nobody could trade, by the others.
    private func tellDowntimes(
        _ proofs: inout [[String: SlotSet]], _ witnesses: [Evidence.Witness], of known: [KnownSlots], _ evidence: Evidence,
        _ traded: SlotSet
    ) async throws {
        let counted = proofs.map { $0[derivation.emptyReason] ?? SlotSet() }
        if counted.allSatisfy(\.isEmpty) { return }
        let doubted = zip(witnesses, counted).map { one, counted in
            Evidence.Witness(
                held: one.held, empty: one.empty.subtracting(counted), missing: one.missing.union(counted), finer: one.finer, activity: nil)
        }
        for (place, verdict) in try await judge(doubted, of: known, evidence, traded).enumerated() {
            let down = counted[place].intersection(verdict.common)
            if down.isEmpty { continue }
            proofs[place][derivation.emptyReason] = counted[place].subtracting(down)
            proofs[place][derivation.commonReason, default: SlotSet()].formUnion(down)
        }
    }

    private func judge(
        _ witnesses: [Evidence.Witness], of known: [KnownSlots], _ evidence: Evidence, _ traded: SlotSet
    ) async throws -> [Evidence.Verdict] {
        var witnesses = witnesses
        for (place, silences) in evidence.silences(witnesses, traded: traded).enumerated() where !silences.isEmpty {
            witnesses[place].activity = try await activity(of: known[place], around: silences)
        }
        return evidence.judge(witnesses, traded: traded)
    }

    // MARK: Other lengths of the same channel

    private func coarser(than key: SeriesKey) -> [SeriesEntry] {
        let channel = dataset.channel(key)
        return all.filter { $0.key != key && dataset.channel($0.key) == channel && derivation.sources($0.key).contains(key) }
    }

    /// Missing slots that slots of coarser series prove to be empty, by the reason: those that are known to be so, and those whose count
    /// is that of the finer slots that are held.
    private func proved(_ missing: SlotSet, of one: KnownSlots) async throws -> [String: SlotSet] {
        guard let first = missing.first, let last = missing.last else { return [:] }
        var left = missing
        var proof: [String: SlotSet] = [:]
        func take(_ reason: String, _ slots: SlotSet) {
            let new = slots.intersection(left)
            if new.isEmpty { return }
            proof[reason, default: SlotSet()].formUnion(new)
            left = left.subtracting(new)
        }
        var coarser: [(known: KnownSlots, numbers: FinerSlots)] = []
        for entry in self.coarser(than: one.entry.key) {
            let rule = dataset.calendar(of: entry.key).ruler
            guard let numbers = FinerSlots(of: ruler, in: rule) else { continue }
            let touched = rule.slot(containing: ruler.start(of: first))...rule.slot(containing: ruler.start(of: last))
            let span = rule.start(of: touched.lowerBound)..<rule.end(of: touched.upperBound)
            guard let known = try await Store.known([entry], in: span, of: dataset, on: connection).first else { continue }
            coarser.append((known, numbers))
        }
        coarser.sort { $0.numbers.ratio < $1.numbers.ratio }
        for (known, numbers) in coarser {
            take(derivation.commonReason, numbers.finer(in: known.common))
            take(derivation.emptyReason, numbers.finer(in: known.empty.subtracting(known.common)))
            let doubtful = numbers.coarser(touching: left).intersection(known.held)
            if doubtful.isEmpty { continue }
            take(derivation.emptyReason, numbers.finer(in: try await equal(doubtful, of: known, one.entry)))
            if left.isEmpty { break }
        }
        return proof
    }

    /// Of held slots of a coarser series those whose count is the sum of the counts that are held of a finer one in them.
    private func equal(_ slots: SlotSet, of coarser: KnownSlots, _ finer: SeriesEntry) async throws -> SlotSet {
        func column(_ key: SeriesKey) -> CountedSlots.Column {
            let schema = dataset.schema(of: key)
            return CountedSlots.Column(table: schema.table, name: schema.columns[derivation.countColumn].name)
        }
        let columns = CountedSlots.Columns(longer: column(coarser.entry.key), shorter: column(finer.key), ruler: coarser.ruler)
        let given = CountedSlots(longer: coarser.entry.id, shorter: finer.id, slots: slots, columns: columns)
        return try await Store.equalCounts([given], on: connection)[finer.id] ?? SlotSet()
    }

    /// Of missing slots of a series those in which a finer slot of its channel is held.
    private func touched(_ missing: SlotSet, of key: SeriesKey) async throws -> SlotSet {
        guard let first = missing.first, let last = missing.last else { return SlotSet() }
        let channel = dataset.channel(key)
        let sources = Set(derivation.sources(key))
        let finer = all.filter { sources.contains($0.key) && dataset.channel($0.key) == channel }
        let span = ruler.start(of: first)..<ruler.end(of: last)
        return try await Store.known(finer, in: span, of: dataset, on: connection).reduce(into: SlotSet()) { result, one in
            if let finer = one.finer(of: ruler) { result.formUnion(finer.touched.intersection(missing)) }
        }
    }

    // MARK: All channels

    /// Slots in which a finer slot of any series is held: something was open for trade.
    private func traded(in span: Range<Int64>) async throws -> SlotSet {
        let finer = all.compactMap { entry -> (entry: SeriesEntry, calendar: Calendar, numbers: FinerSlots)? in
            let calendar = dataset.calendar(of: entry.key)
            guard calendar.parts == 1, let numbers = FinerSlots(of: calendar.ruler, in: ruler) else { return nil }
            return (entry, calendar, numbers)
        }
        if finer.isEmpty { return SlotSet() }
        let slots = finer.map { $0.calendar.ruler.slots(from: span.lowerBound, to: span.upperBound) }
        let rows = try await connection.query("""
            select v.ratio, range_agg(c.held * int8multirange(int8range(v.low, v.high)))
            from unnest(\(finer.map { Int32($0.entry.id) }), \(finer.map(\.numbers.ratio)), \(slots.map(\.lowerBound)),
                \(slots.map(\.upperBound))) as v (id, ratio, low, high)
            join coverage c on c.series_id = v.id group by v.ratio
            """)
        var traded = SlotSet()
        for row in rows {
            let ratio = try row.int(0)
            guard let one = finer.first(where: { $0.numbers.ratio == ratio }),
                let numbers = FinerSlots(of: one.calendar.ruler, in: ruler, held: SlotSet(ranges: try row.rangesOrNil(1) ?? []))
            else { continue }
            traded.formUnion(numbers.touched)
        }
        return traded
    }

    /// What happened in a series near some silences, by the rows that are held.
    private func activity(of one: KnownSlots, around silences: SlotSet) async throws -> Activity {
        let size = Activity.slotsPerBlock(slotSeconds: slotSeconds)
        var activity = Activity(slotsPerBlock: size, over: one.slots)
        let near = SlotSet(ranges: silences.ranges.map { Activity.neighbourhood(of: $0, slotsPerBlock: size) })
        let spans = near.ranges.map { $0.clamped(to: one.slots) }.filter { !$0.isEmpty }.map(ruler.instants(of:))
        let schema = dataset.schema(of: one.entry.key)
        let table = try Store.identifier(schema.table)
        let count = try Store.identifier(schema.columns[derivation.countColumn].name)
        let rows = try await connection.query("""
            select b.start, b.sum
            from unnest(\(.instants(spans.map(\.lowerBound))), \(.instants(spans.map(\.upperBound)))) as v (low, high)
            cross join lateral (
                select date_bin(make_interval(secs => \(Double(size * slotSeconds))), time, \(.instant(ruler.start(of: 0)))) as start,
                    least(sum(\(count)), \(Int64.max))::int8 as sum
                from \(table) where series_id = \(Int32(one.entry.id)) and time >= v.low and time < v.high
                group by 1 offset 0
            ) b
            """)
        for row in rows { activity.add(try row.int64(1), at: ruler.slot(containing: try row.instant(0))) }
        return activity
    }
}
