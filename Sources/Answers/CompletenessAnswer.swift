internal import Bytes
internal import Series
internal import Store

/// `/completeness`: the report.
extension AnswerMaker {
    func completeness(_ query: CompletenessQuery) async throws -> FreshAnswer {
        let after = try query.cursor.map { text throws(AnswerError) in try Cursor(text, seal: question.seal, numbers: 1).place[0] }
        let (scope, snapshot) = try await known(from: query.from, to: query.to)
        let tallies = snapshot.series.map { scope.tally($0) }
        var json = JSONWriter(capacity: 1024 + min(query.limit, 1000) * 320)
        json.beginObject()
        json.member("dataset", dataset.name)
        json.member("from", instant: scope.from, in: dataset.zone)
        json.member("to", instant: scope.to, in: dataset.zone)
        json.member("as_of", instant: scope.asOf(snapshot.series, changedAt: snapshot.version?.changedAt), in: dataset.zone)
        let total = tallies.reduce(Tally(), +)
        json.members(total)
        let (outlook, steady) = try await outlook()
        let isFillable = total.missing > total.unfillable + total.quarantined
        let completeAt = isFillable ? try await completeAt(scope, snapshot.series, outlook) : nil
        json.member("complete_at", instant: completeAt, in: dataset.zone)
        json.key("sustainable")
        json.bool(outlook.sustainability(of: steady).isSustainable)
        let next: Int64?
        switch query.groupBy {
        case .none, .series: next = try writeSeries(&json, query, scope, snapshot, tallies, after)
        case .label(let name): next = try writeLabel(name, &json, query, snapshot, tallies, after)
        case .day, .month: next = try writePeriods(&json, query, scope, snapshot, after)
        }
        let cursor = next.map { Cursor(place: [$0]).text(seal: question.seal) }
        json.member("next_cursor", cursor)
        json.endObject()
        let change = scope.nextChange(snapshot.series)
        let until = isFillable ? min(change ?? .max, now + forecastSeconds) : change
        return fresh(json.bytes, nextCursor: cursor, of: snapshot, until: until)
    }

    /// The series of this page. Returns the id of the last one, nil where none is left.
    private func writeSeries(
        _ json: inout JSONWriter, _ query: CompletenessQuery, _ scope: Scope, _ snapshot: Snapshot, _ tallies: [Tally], _ after: Int64?
    ) throws(AnswerError) -> Int64? {
        let page = try SeriesPage(snapshot.series, after: after, limit: query.limit)
        json.key(query.groupBy == .series ? "groups" : "series")
        json.beginArray()
        for index in page.indices {
            let ledger = snapshot.series[index].ledger
            let (ruler, parts) = (dataset.calendar(of: ledger.key).ruler, dataset.calendar(of: ledger.key).parts)
            json.beginObject()
            if query.groupBy == .series { json.member("key", ledger.key.description) }
            json.members(of: ledger.key, names: dataset.keys)
            json.members(tallies[index])
            json.member("first", instant: ledger.firstHeldSlot(parts: parts).map(ruler.start(of:)), in: dataset.zone)
            json.member("last", instant: ledger.lastHeldSlot(parts: parts).map(ruler.start(of:)), in: dataset.zone)
            json.member("gaps", scope.gaps(snapshot.series[index]).count { $0.state != .pending })
            json.endObject()
        }
        json.endArray()
        return page.next
    }

    /// Counts by the values of a label, in their order; those of which there is no series are left out. Returns the place of the last one,
    /// nil where none is left.
    private func writeLabel(
        _ name: String, _ json: inout JSONWriter, _ query: CompletenessQuery, _ snapshot: Snapshot, _ tallies: [Tally], _ after: Int64?
    ) throws(AnswerError) -> Int64? {
        json.key("groups")
        json.beginArray()
        defer { json.endArray() }
        guard let label = dataset.labels.first(where: { $0.name == name }) else { return nil }
        var sums: [String: (series: Int, tally: Tally)] = [:]
        for (one, tally) in zip(snapshot.series, tallies) {
            let value = label.of(one.key)
            sums[value] = ((sums[value]?.series ?? 0) + 1, (sums[value]?.tally ?? Tally()) + tally)
        }
        let there = label.values.enumerated().filter { sums[$0.element] != nil }
        let left = after.map { last in there.filter { $0.offset > last } } ?? there
        if after != nil, left.isEmpty { throw .badCursor }
        for (_, value) in left.prefix(query.limit) {
            guard let sum = sums[value] else { continue }
            json.beginObject()
            json.member("key", value)
            json.member("series", sum.series)
            json.members(sum.tally)
            json.endObject()
        }
        return left.count > query.limit ? Int64(left[query.limit - 1].offset) : nil
    }

    /// Counts by local day or month of a slot's start. Returns the number of the last one, nil where none is left.
    private func writePeriods(
        _ json: inout JSONWriter, _ query: CompletenessQuery, _ scope: Scope, _ snapshot: Snapshot, _ after: Int64?
    ) throws(AnswerError) -> Int64? {
        json.key("groups")
        json.beginArray()
        defer { json.endArray() }
        guard let periods = LocalPeriods(query.groupBy == .month ? .month : .day, over: scope.span, dataset) else { return nil }
        var first = periods.numbers.lowerBound
        if let after {
            // Anybody can write a cursor: only one that leaves something to give is one of ours.
            guard periods.numbers.dropLast().contains(Int(after)) else { throw .badCursor }
            first = Int(after) + 1
        }
        let page = first..<first + min(query.limit, periods.numbers.upperBound - first)
        var tallies = Array(repeating: Tally(), count: page.count)
        for one in snapshot.series {
            let slots = scope.slots(of: one.key)
            let calendar = dataset.calendar(of: one.key)
            func bound(_ number: Int) -> Int {
                let start = periods.start(of: number)
                return calendar.ruler.slots(from: start, to: start).lowerBound.clamped(to: slots)
            }
            let ends = page.map { bound($0 + 1) }
            let range = bound(first)..<(ends.last ?? slots.lowerBound)
            let states = scope.judged(one).states(in: range, calendar: calendar, dueBefore: scope.dueBefore(one.key))
            for (state, slots) in states { PeriodCount.add(slots, state, endingAt: ends, to: &tallies) }
        }
        for (number, tally) in zip(page, tallies) {
            json.beginObject()
            json.member("key", periods.name(number))
            json.members(tally)
            json.endObject()
        }
        return page.upperBound < periods.numbers.upperBound ? Int64(page.upperBound - 1) : nil
    }
}

/// The series of a page, in the order of their keys.
struct SeriesPage {
    let indices: Range<Int>
    /// What the next page's cursor holds: the id of the last one.
    let next: Int64?

    init(_ series: [StoredSeries], after id: Int64?, limit: Int) throws(AnswerError) {
        var first = 0
        if let id {
            guard let index = series.firstIndex(where: { $0.id == Int(id) }) else { throw .badCursor }
            first = index + 1
        }
        let end = first + min(limit, series.count - first)
        indices = first..<end
        next = end < series.count && end > first ? Int64(series[end - 1].id) : nil
    }
}

extension Int {
    fileprivate func clamped(to range: Range<Int>) -> Int { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}
