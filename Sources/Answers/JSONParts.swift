package import Bytes
package import Series
package import Store

/// Pieces that several answers have in common.
extension JSONWriter {
    package mutating func members(of key: SeriesKey, names: [String]) {
        for (name, value) in zip(names, key.values) { member(name, value) }
    }

    /// A report's counts, in the contract's order.
    package mutating func members(_ tally: Tally) {
        member("slots", tally.slots)
        member("pending", tally.pending)
        member("absent", tally.absent)
        member("excluded", tally.excluded)
        member("expected", tally.expected)
        member("present", tally.present)
        member("missing", tally.missing)
        member("unfillable", tally.unfillable)
        member("quarantined", tally.quarantined)
        member("completeness", tally.completeness)
    }

    package mutating func member(_ name: String, _ whole: WholePeriods?) {
        key(name)
        guard let whole else { return null() }
        beginObject()
        member("requests", whole.requests)
        member("slots", whole.slots)
        endObject()
    }

    /// What shows that no plan costs less: how many holes carry how many requests, and the first of them.
    package mutating func member(_ name: String, _ proof: PlanFigures.ShownProof?, of dataset: Dataset) {
        key(name)
        guard let proof else { return null() }
        beginObject()
        member("holes", proof.holes)
        member("requests", proof.requests)
        key("first")
        beginArray()
        for hole in proof.first {
            beginObject()
            key("series")
            beginObject()
            members(of: hole.series, names: dataset.keys)
            endObject()
            member("from", instant: dataset.periods.start(of: hole.period), in: dataset.zone)
            member("requests", hole.requests)
            endObject()
        }
        endArray()
        endObject()
    }
}

extension Answer {
    /// A list of one page made of answers that are one object each. It is as old as the oldest, and valid as long as all are.
    init(joining parts: [Answer], ceiling: Int) {
        var json = JSONWriter(capacity: parts.reduce(64) { $0 + $1.body.count + 1 })
        json.beginObject()
        json.key("data")
        json.beginArray()
        for part in parts { json.raw(part.body) }
        json.endArray()
        json.key("next_cursor")
        json.null()
        json.endObject()
        let worst = parts.first(where: \.isStale) ?? parts.first { !$0.cacheStatus.hasPrefix("hit") }
        let age = AnswerAge(seconds: parts.map(\.age.seconds).max() ?? 0, left: parts.map(\.maxAge).min() ?? ceiling)
        self.init(
            body: json.bytes, contentType: "application/json", etag: StoredAnswer.etag(of: json.bytes), age: age,
            cacheStatus: worst?.cacheStatus ?? age.hit, headers: [], nextCursor: nil, term: nil)
    }
}
