internal import Bytes

/// `GET /v2/aggs/grouped/locale/us/market/stocks/{date}` and `GET /v2/aggs/ticker/{T}/prev`.
extension PolygonService {
    func grouped(_ text: String, _ question: Question, now: Int64) throws(PolygonRefusal) -> Answer {
        let isAdjusted = try PolygonService.isAdjusted(question["adjusted"])
        guard let date = LocalDate(text) else {
            throw PolygonRefusal(400, "Could not parse the time parameter: 'date'. Use YYYY-MM-DD")
        }
        if faults.groupedForbidden { throw .notEntitled }
        let day = date.daysSince1970
        try checkHistory(day, now: now)
        guard let session = book.calendar.session(day) else { return told(nil, [], isAdjusted, next: nil) }
        if faults.todayForbidden, day == book.today(now), now < session.due {
            throw PolygonRefusal(
                403, "Attempted to request today's data before end of day. Please upgrade your plan at https://polygon.io/pricing")
        }
        let lacking = book.lacking(day)
        var entries: [BarEntry] = []
        for number in book.dice.permutation(book.tickers.count, 490, Int64(day)) {
            let ticker = book.tickers[number]
            guard !lacking.contains(ticker.name), session.midnight <= now,
                let told = book.told(ticker, session, isAdjusted: isAdjusted, now: now),
                let entry = BarEntry(told, ticker, book.dice, isNamed: true, atClose: true)
            else { continue }
            entries += entry.withCopies
        }
        let spoiled = spoil(&entries, day, isAdjusted, now: now)
        var answer = told(nil, entries, isAdjusted, next: nil)
        answer.spoiled += spoiled
        return answer
    }

    private func entry(_ ticker: EquityTicker, _ day: Int, _ isAdjusted: Bool, now: Int64) -> BarEntry? {
        book.told(ticker, day, isAdjusted: isAdjusted, now: now)
            .flatMap { BarEntry($0, ticker, book.dice, isNamed: true, atClose: true) }
    }

    private func spoil(_ entries: inout [BarEntry], _ day: Int, _ isAdjusted: Bool, now: Int64) -> Int {
        if entries.isEmpty { return 0 }
        var spoiled = 0
        let place = book.dice.pick(entries.count, 491, asked)
        if happens(faults.offMidnightRate, 482) {
            entries[place].time -= 3_600_000
            spoiled += 1
        }
        guard happens(faults.strangerRate, 484), let ticker = entries[place].name.flatMap(book.ticker) else { return spoiled }
        // A bar of the session before, stamped as what it is.
        for before in 1...10 {
            guard let entry = entry(ticker, day - before, isAdjusted, now: now) else { continue }
            entries.insert(entry, at: place)
            return spoiled + 1
        }
        return spoiled
    }

    /// The last bar that is there.
    func previous(_ name: String, _ question: Question, now: Int64) throws(PolygonRefusal) -> Answer {
        let isAdjusted = try PolygonService.isAdjusted(question["adjusted"])
        guard let ticker = book.ticker(name) else {
            if faults.unknownTicker == .notFound { throw PolygonRefusal(404, "Data not found.") }
            return told(name, [], isAdjusted, next: nil)
        }
        let today = book.today(now)
        for day in stride(from: today, to: today - 10, by: -1) {
            guard let session = book.calendar.session(day), session.due <= now else { continue }
            if let entry = entry(ticker, day, isAdjusted, now: now) { return told(name, [entry], isAdjusted, next: nil) }
        }
        return told(name, [], isAdjusted, next: nil)
    }
}
