internal import Series

/// One wording of a row, and the call that brought it.
struct Edition: Equatable {
    let values: [Value]
    /// By the schema's rank column; nil, the lowest, where it has none or the row's is null.
    let rank: Int64?
    let task: Int64?

    init(_ values: [Value], task: Int64?, schema: RowSchema) {
        self.values = values
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

    private struct Place: Hashable {
        let series: Int
        let time: Int64
        let rank: Int64?
    }

    /// A row that is given twice with one rank counts once, the last one wins: an upstream's pages may repeat a record.
    init(_ rows: [StoredRow], schema: RowSchema) {
        func rank(_ row: StoredRow) -> Int64? {
            if let column = schema.rank, case .integer(let rank) = row.values[column] { rank } else { nil }
        }
        var last: [Place: Int] = [:]
        last.reserveCapacity(rows.count)
        for (i, row) in rows.enumerated() { last[Place(series: row.seriesID, time: row.time, rank: rank(row))] = i }
        // By primary key: random order costs the index more than twice as much.
        let sorted = last.sorted { a, b in
            (a.key.series, a.key.time) != (b.key.series, b.key.time)
                ? (a.key.series, a.key.time) < (b.key.series, b.key.time) : a.key.rank.precedes(b.key.rank)
        }
        highest.reserveCapacity(sorted.count)
        for (place, index) in sorted {
            if let top = highest.last, top.seriesID == place.series, top.time == place.time {
                below[highest.count - 1, default: []].append(top)
                highest[highest.count - 1] = rows[index]
            } else {
                highest.append(rows[index])
            }
        }
    }
}
