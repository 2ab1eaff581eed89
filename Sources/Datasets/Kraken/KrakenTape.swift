/// Joins pages of trades into one sequence, in which each trade stands once.
///
/// Pages overlap, since each is asked for from an instant before the last trade's (`KrakenTradesExchange`). Trades with ids join by them:
/// they are consecutive, so that one that is missing shows. Trades without join by position: what a page begins with and the one before
/// ended in. A page that shares nothing with the one before does not prove that nothing stood between.
struct KrakenTape {
    private(set) var firstID: Int64?
    private(set) var lastID: Int64?
    /// Trades in the sequence.
    private(set) var count = 0
    /// The page before, whole.
    private var page: [KrakenTrade] = []

    struct Joined {
        /// Those that were not seen before, in the order of the sequence.
        var trades: [KrakenTrade] = []
        /// Places in `trades` before which something is lost; `trades.count` where that is so behind all of them.
        var gaps: Set<Int> = []
    }

    /// What a page adds; it is not taken yet.
    func join(_ next: KrakenTradesPage) -> Joined {
        if next.trades.allSatisfy({ $0.id != nil }), page.isEmpty || lastID != nil { return byID(next) }
        var joined = Joined()
        let known = overlap(next.trades)
        joined.trades = Array(next.trades[known...])
        joined.gaps = Set(next.broken.filter { $0 >= known }.map { $0 - known })
        if known == 0, !page.isEmpty, !next.trades.isEmpty { joined.gaps.insert(0) }
        return joined
    }

    mutating func take(_ next: KrakenTradesPage, _ joined: Joined) {
        guard !next.trades.isEmpty else { return }
        count += joined.trades.count
        page = next.trades
        guard page.allSatisfy({ $0.id != nil }) else {
            lastID = nil
            return
        }
        if firstID == nil { firstID = joined.trades.first?.id }
        lastID = joined.trades.last?.id ?? lastID
    }

    private func byID(_ next: KrakenTradesPage) -> Joined {
        var joined = Joined()
        var before = lastID
        // The sort is stable, and ids that come twice are taken once.
        for trade in next.trades.sorted(by: { ($0.id ?? 0) < ($1.id ?? 0) }) {
            guard let id = trade.id, id > before ?? 0 else { continue }
            if let before, id != before + 1 { joined.gaps.insert(joined.trades.count) }
            joined.trades.append(trade)
            before = id
        }
        // A record that cannot be read shows as an id that is missing, but not at either end of all that is known.
        if lastID == nil, next.broken.contains(0) { joined.gaps.insert(0) }
        if next.broken.contains(next.trades.count) { joined.gaps.insert(joined.trades.count) }
        return joined
    }

    /// How many trades the page begins with that the page before ended in.
    private func overlap(_ next: [KrakenTrade]) -> Int {
        for length in stride(from: min(page.count, next.count), to: 0, by: -1)
        where zip(page.suffix(length), next).allSatisfy({ $0.isLike($1) }) {
            return length
        }
        return 0
    }
}
