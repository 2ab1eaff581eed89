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
        case .values(let name): next = try writeValues(of: name, &json, query, snapshot, tallies, after)
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
        let page = try SeriesPage(snapshot.series.map(\.id), after: after, limit: query.limit)
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

    /// Counts by the values of a key or a label, in their order; those of which there is no series are left out. Returns the id of the
    /// first series of the last one, nil where none is left.
    private func writeValues(
        of name: String, _ json: inout JSONWriter, _ query: CompletenessQuery, _ snapshot: Snapshot, _ tallies: [Tally], _ after: Int64?
    ) throws(AnswerError) -> Int64? {
        json.key("groups")
        json.beginArray()
        defer { json.endArray() }
        let series = snapshot.series
        let groups = dataset.groups(of: series.map(\.key), by: name)
        var first = 0
        if let after {
            guard let last = groups.firstIndex(where: { $0.places.contains { series[$0].id == Int(after) } }), last + 1 < groups.count
            else { throw .badCursor }
            first = last + 1
        }
        let page = groups[first...].prefix(query.limit)
        for group in page {
            json.beginObject()
            json.member("key", group.value)
            json.member("series", group.places.count)
            json.members(group.places.reduce(into: Tally()) { $0 += tallies[$1] })
            json.endObject()
        }
        return page.endIndex < groups.count ? page.last.map { Int64(series[$0.places[0]].id) } : nil
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
        let tallies = periods.tallies(of: snapshot.series.lazy.map(scope.judged), scope.span, page, now: now)
        for (number, tally) in zip(page, tallies) {
            json.beginObject()
            json.member("key", periods.name(number))
            json.members(tally)
            json.endObject()
        }
        return page.upperBound < periods.numbers.upperBound ? Int64(page.upperBound - 1) : nil
    }
}

/// The series of a page, by their ids in the order of their keys.
struct SeriesPage {
    let indices: Range<Int>
    /// What the next page's cursor holds: the id of the last one.
    let next: Int64?

    init(_ series: [Int], after id: Int64?, limit: Int) throws(AnswerError) {
        var first = 0
        if let id {
            guard let index = series.firstIndex(of: Int(id)) else { throw .badCursor }
            first = index + 1
        }
        let end = first + min(limit, series.count - first)
        indices = first..<end
        next = end < series.count && end > first ? Int64(series[end - 1]) : nil
    }
}
