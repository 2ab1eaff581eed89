internal import Series

/// One wording of a row, and the call that brought it.
struct Edition: Equatable {
    /// JSON in one spelling.
    let values: [Value]
    /// By the schema's rank column; nil, the lowest, where it has none or the row's is null.
    let rank: Int64?
    let task: Int64?

    init(_ values: [Value], task: Int64?, schema: RowSchema) {
        self.values = schema.canonical(values)
        self.task = task
        rank = if let column = schema.rank, case .integer(let rank) = values[column] { rank } else { nil }
    }
}

/// What becomes of a held row when an answer brings other editions of it. Pure.
struct Succession: Equatable {
    struct Step: Equatable {
        let old: Edition
        let new: Edition
        /// `old` was held until now. One that was not (an edition of a lower rank) may have been noted by an earlier call.
        let wasHeld: Bool
    }

    /// What is to be held from now on; nil: what is held stays.
    let stored: Edition?
    /// Each edition that another outranks, with the next above it among those known here.
    let steps: [Step]

    /// `arrivals`: one edition a rank, lowest first. `isLater`: what is held came from a call that began after this one, so
    /// that of two equal ranks it is the newer.
    init(held: Edition, isLater: Bool, arrivals: [Edition]) {
        var chain: [Edition] = []
        var place: Int?
        for arrival in arrivals {
            if place == nil, held.rank.precedes(arrival.rank) || (held.rank == arrival.rank && !isLater) {
                place = chain.count
                chain.append(held)
            }
            if arrival.values != held.values { chain.append(arrival) }
        }
        let heldPlace = place ?? chain.count
        if place == nil { chain.append(held) }
        stored = heldPlace == chain.count - 1 ? nil : chain[chain.count - 1]
        steps = zip(chain, chain.dropFirst()).enumerated().map { Step(old: $1.0, new: $1.1, wasHeld: $0 == heldPlace) }
    }

    /// Where the dataset says what comes of two rows.
    init(held: Edition, isLater: Bool, arrival: Edition, schema: RowSchema, merge: RowSchema.Merge) {
        func isSame(_ a: [Value], _ b: [Value]) -> Bool { schema.compared.allSatisfy { a[$0] == b[$0] } }
        let merged = isLater ? merge(arrival.values, held.values) : merge(held.values, arrival.values)
        if isSame(merged, held.values) {
            let whole = zip(held.values, merged).map { $0 == .null ? $1 : $0 }
            stored = whole == held.values ? nil : Edition(whole, task: arrival.task, schema: schema)
            steps = isSame(arrival.values, held.values) ? [] : [Step(old: arrival, new: held, wasHeld: false)]
        } else {
            let new = Edition(merged, task: arrival.task, schema: schema)
            stored = new
            steps = [Step(old: held, new: new, wasHeld: true)]
        }
    }

    /// What is held only got values that it did not have: nothing that was held has changed.
    var isSupplement: Bool { stored != nil && !steps.contains(where: \.wasHeld) }
}

extension Int64? {
    /// As ranks go: nothing is lower than nil.
    func precedes(_ other: Int64?) -> Bool {
        guard let other else { return false }
        return self.map { $0 < other } ?? true
    }
}

/// An answer's rows: of each (series, time) the highest edition, with those below it.
struct Arrivals {
    /// By series, then time.
    private(set) var highest: [StoredRow] = []
    /// By the place in `highest`, lowest first.
    private(set) var below: [Int: [StoredRow]] = [:]

    private struct Place {
        let series: Int
        let time: Int64
        let index: Int

        func precedes(_ other: Place) -> Bool {
            if series != other.series { return series < other.series }
            return time != other.time ? time < other.time : index < other.index
        }
    }

    /// A row that is given twice with one rank counts once, the last one wins: an upstream's pages may repeat a record.
    init(_ rows: [StoredRow], schema: RowSchema) {
        // By primary key: random order costs the index more than twice as much.
        var places = rows.indices.map { Place(series: rows[$0].seriesID, time: rows[$0].time, index: $0) }
        places.sort { $0.precedes($1) }
        highest.reserveCapacity(places.count)
        var first = 0
        while first < places.count {
            var end = first + 1
            while end < places.count, places[end].series == places[first].series, places[end].time == places[first].time { end += 1 }
            if end - first > 1 {
                let editions = Self.editions(places[first..<end].map { rows[$0.index] }, schema)
                if editions.count > 1 { below[highest.count] = editions.dropLast() }
                highest.append(editions[editions.count - 1])
            } else {
                highest.append(rows[places[first].index])
            }
            first = end
        }
    }

    /// Of rows in one place, the last one of each rank, the lowest rank first.
    private static func editions(_ rows: [StoredRow], _ schema: RowSchema) -> [StoredRow] {
        guard let column = schema.rank else { return [rows[rows.count - 1]] }
        var last: [Int64?: StoredRow] = [:]
        for row in rows {
            let rank: Int64? = if case .integer(let rank) = row.values[column] { rank } else { nil }
            last[rank] = row
        }
        return last.sorted { $0.key.precedes($1.key) }.map(\.value)
    }
}
