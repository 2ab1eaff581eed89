internal import Bytes
internal import Series
internal import Store

/// `/gaps`: holes, worst first. `/series`: what is followed.
extension AnswerMaker {
    func gaps(_ query: GapsQuery) async throws -> FreshAnswer {
        struct Entry {
            let gap: Gap
            let series: StoredSeries
            let start: Int64
            let rank: Int64
            /// What lacks before what is settled, then most slots first, then the oldest, then by series: sorts ascending, and is what a
            /// cursor holds.
            var place: [Int64] { [rank, -Int64(gap.slots), start, Int64(series.id)] }
        }
        let cursor = try query.cursor.map { text throws(AnswerError) in try Cursor(text, seal: question.seal, numbers: 4) }
        let (scope, snapshot) = try await known(from: query.from, to: query.to, isCut: true)
        let telling = try await telling(scope, of: snapshot.series)
        var entries: [Entry] = []
        for one in snapshot.series {
            let ruler = dataset.calendar(of: one.key).ruler
            for gap in scope.gaps(one) where query.states.isEmpty ? gap.state != .pending : query.states.contains(gap.state) {
                entries.append(
                    Entry(gap: gap, series: one, start: ruler.start(of: gap.range.lowerBound), rank: gap.state.settledness))
            }
        }
        entries.sort { a, b in
            (a.rank, -a.gap.slots, a.start, a.series.id) < (b.rank, -b.gap.slots, b.start, b.series.id)
        }
        if let cursor {
            let first = entries.firstIndex { cursor.place.lexicographicallyPrecedes($0.place) } ?? entries.count
            entries.removeFirst(first)
        }
        let page = entries.prefix(query.limit)
        let next = page.count < entries.count ? page.last.map { Cursor(place: $0.place).text(seal: question.seal) } : nil
        var json = JSONWriter(capacity: 128 + page.count * 200)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for entry in page {
            json.beginObject()
            json.members(of: entry.series.key, names: dataset.keys)
            json.members(entry.gap, of: entry.series, in: telling)
            json.endObject()
        }
        json.endArray()
        json.member("as_of", instant: scope.asOf(snapshot.series, changedAt: snapshot.version?.changedAt), in: dataset.zone)
        json.member("next_cursor", next)
        json.endObject()
        let changes = [scope.nextChange(snapshot.series), telling.nextLeaving(page.lazy.map { ($0.gap, $0.series) })]
        return fresh(json.bytes, nextCursor: next, of: snapshot, until: changes.compactMap { $0 }.min())
    }

    func series(_ query: SeriesQuery) async throws -> FreshAnswer {
        let after = try query.cursor.map { text throws(AnswerError) in try Cursor(text, seal: question.seal, numbers: 1).place[0] }
        var last: Int64?
        // Of ten thousand series only a page is read.
        let snapshot = try await snapshot(page: { known, ids in
            let all = Set(ids)
            let sorted = known.filter { all.contains($0.id) }.sorted { $0.key < $1.key }.map(\.id)
            let page = try SeriesPage(sorted, after: after, limit: query.limit)
            last = page.next
            return Array(sorted[page.indices])
        })
        let next = last.map { Cursor(place: [$0]).text(seal: question.seal) }
        let quality = try await latestQuality(of: snapshot.series.map(\.id))
        var json = JSONWriter(capacity: 128 + snapshot.series.count * 200)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for one in snapshot.series {
            let ledger = one.ledger
            let (ruler, parts) = (dataset.calendar(of: ledger.key).ruler, dataset.calendar(of: ledger.key).parts)
            json.beginObject()
            json.members(of: ledger.key, names: dataset.keys)
            for label in dataset.labels { json.member(label.name, label.of(ledger.key)) }
            json.key("followed")
            json.bool(dataset.follows(ledger.key))
            json.member("first", instant: ledger.firstHeldSlot(parts: parts).map(ruler.start(of:)), in: dataset.zone)
            json.member("last", instant: ledger.lastHeldSlot(parts: parts).map(ruler.start(of:)), in: dataset.zone)
            json.key("lifetime")
            if let lifetime = ledger.lifetime {
                json.beginObject()
                let (from, to) = (lifetime.lowerBound, lifetime.upperBound)
                json.member("from", instant: from == Ledger.always.lowerBound ? nil : ruler.start(of: from), in: dataset.zone)
                json.member("to", instant: to == Ledger.always.upperBound ? nil : ruler.start(of: to), in: dataset.zone)
                json.endObject()
            } else {
                json.null()
            }
            write(quality[one.id], to: &json)
            json.endObject()
        }
        json.endArray()
        json.member("next_cursor", next)
        json.endObject()
        return fresh(json.bytes, nextCursor: next, of: snapshot, until: nil)
    }

    /// Read behind the snapshot: what is newer has raised the version since, and is asked for anew by who hears of that.
    private func latestQuality(of series: [Int]) async throws -> [Int: SeriesQuality] {
        do {
            return try await store.latestQuality(of: dataset, series)
        } catch where Store.isUnavailable(error) {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    private func write(_ quality: SeriesQuality?, to json: inout JSONWriter) {
        json.key("quality")
        guard let quality else { return json.null() }
        json.beginObject()
        json.key("score")
        json.double(quality.score)
        json.key("below_gate")
        json.bool(quality.isBelowGate)
        json.member("ingestion_id", quality.ingestionID)
        json.member("at", instant: quality.at, in: dataset.zone)
        json.endObject()
    }
}

extension SlotState {
    /// Holes that lack something are the worst; what is known to be nowhere, or not to be expected, is settled.
    fileprivate var settledness: Int64 {
        switch self {
        case .missing, .unfillable, .quarantined: 0
        case .pending: 1
        case .absent: 2
        case .excluded, .present: 3
        }
    }
}
