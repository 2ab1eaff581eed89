internal import Bytes
internal import Codec

/// `GET /v2/aggs/ticker/{T}/range/1/day/{from}/{to}`.
extension PolygonService {
    /// What the query asks for, or on a page after the first the cursor, which is the same on all pages: where the page begins stands in
    /// the path.
    struct RangeQuery {
        var isAdjusted = true
        var isDescending = false
        var limit = 5_000
        var isFollowing = false

        static let most = 50_000

        init(_ question: Question) throws(PolygonRefusal) {
            var values: [String: String] = [:]
            for name in ["adjusted", "sort", "limit"] { values[name] = question[name] }
            if let cursor = question["cursor"] {
                guard let text = Base64URL.decode(cursor).map({ String(decoding: $0, as: UTF8.self) }), text.hasPrefix("limit=") else {
                    throw PolygonRefusal(400, "The cursor is not valid")
                }
                isFollowing = true
                for pair in text.split(separator: "&") {
                    let parts = pair.split(separator: "=")
                    if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
                }
            }
            isAdjusted = try PolygonService.isAdjusted(values["adjusted"])
            if let text = values["sort"] {
                guard text == "asc" || text == "desc" else { throw PolygonRefusal(400, "The parameter 'sort' must be 'asc' or 'desc'") }
                isDescending = text == "desc"
            }
            if let text = values["limit"] {
                guard let number = Int(text), number > 0 else {
                    throw PolygonRefusal(400, "The parameter 'limit' must be a positive number")
                }
                limit = min(number, RangeQuery.most)
            }
        }

        var cursor: String {
            Base64URL.encode(Array("limit=\(limit)&sort=\(isDescending ? "desc" : "asc")\(isAdjusted ? "" : "&adjusted=false")".utf8))
        }
    }

    static func isAdjusted(_ text: String?) throws(PolygonRefusal) -> Bool {
        switch text {
        case nil, "true": return true
        case "false": return false
        default: throw PolygonRefusal(400, "The parameter 'adjusted' must be 'true' or 'false'")
        }
    }

    func range(_ name: String, from: String, to: String, _ question: Question, now: Int64) throws(PolygonRefusal) -> Answer {
        let query = try RangeQuery(question)
        let first = try day(from, "from"), last = try day(to, "to")
        if first > last, !query.isFollowing {
            throw PolygonRefusal(400, "The parameter 'to' cannot be a time that occurs before 'from'")
        }
        try checkHistory(first, now: now)
        guard let ticker = book.ticker(name) else {
            if faults.unknownTicker == .notFound { throw PolygonRefusal(404, "Data not found.") }
            return told(name, [], query.isAdjusted, next: nil)
        }
        let page = page(ticker, first, last, query, now: now)
        var entries = page.entries.flatMap(\.withCopies)
        if query.isFollowing, happens(faults.repeatedBarRate, 480) {
            let seam = neighbour(ticker, query.isDescending ? last : first, query.isDescending ? 1 : -1, query, now: now)
            if let seam { entries.insert(seam, at: 0) }
        }
        let spoiled = spoil(&entries, ticker, first, query, now: now)
        var next: String?
        if let day = page.next {
            let midnight = book.calendar.zone.start(of: LocalDate(daysSince1970: day)) * 1_000
            // A page that leads to itself names its own begin.
            let begin = happens(faults.loopingCursorRate, 481) ? start(query.isDescending ? last : first) : midnight
            let base = faults.nextURLBase ?? question.host.map { "http://" + $0 } ?? "https://api.polygon.io"
            let ends = query.isDescending ? "\(from)/\(begin)" : "\(begin)/\(to)"
            next = "\(base)/v2/aggs/ticker/\(name)/range/1/day/\(ends)?cursor=\(query.cursor)"
        }
        var answer = told(shown(name), entries, query.isAdjusted, next: next, used: page.entries.count)
        answer.spoiled += spoiled
        return answer
    }

    private func start(_ day: Int) -> Int64 { book.calendar.zone.start(of: LocalDate(daysSince1970: day)) * 1_000 }

    private func page(
        _ ticker: EquityTicker, _ first: Int, _ last: Int, _ query: RangeQuery, now: Int64
    ) -> (entries: [BarEntry], next: Int?) {
        let most = min(query.limit, faults.pageSize ?? query.limit)
        let from = max(first, ticker.first), to = min(last, book.today(now), ticker.last ?? .max)
        var entries: [BarEntry] = []
        if from > to { return ([], nil) }
        let step = query.isDescending ? -1 : 1
        for day in stride(from: query.isDescending ? to : from, through: query.isDescending ? from : to, by: step) {
            guard let entry = entry(ticker, day, query.isAdjusted, now: now) else { continue }
            if entries.count == most { return (entries, day) }
            entries.append(entry)
        }
        let isFull = faults.emptyLastPage && entries.count == most
        return (entries, isFull ? entries.last.map { $0.bar.day + step } : nil)
    }

    private func entry(_ ticker: EquityTicker, _ day: Int, _ isAdjusted: Bool, now: Int64) -> BarEntry? {
        book.told(ticker, day, isAdjusted: isAdjusted, now: now)
            .flatMap { BarEntry($0, ticker, book.dice, isNamed: false, atClose: false) }
    }

    /// The nearest bar outside.
    private func neighbour(_ ticker: EquityTicker, _ day: Int, _ step: Int, _ query: RangeQuery, now: Int64) -> BarEntry? {
        for distance in 1...10 {
            if let entry = entry(ticker, day + step * distance, query.isAdjusted, now: now) { return entry }
        }
        return nil
    }

    private func spoil(_ entries: inout [BarEntry], _ ticker: EquityTicker, _ first: Int, _ query: RangeQuery, now: Int64) -> Int {
        if entries.isEmpty { return 0 }
        var spoiled = 0
        if happens(faults.offMidnightRate, 482) {
            entries[book.dice.pick(entries.count, 483, asked)].time += 3_600_000
            spoiled += 1
        }
        if !query.isFollowing, happens(faults.strangerRate, 484), let stranger = neighbour(ticker, first, -1, query, now: now) {
            entries.append(stranger)
            spoiled += 1
        }
        return spoiled
    }

    /// A date, or milliseconds since 1970.
    func day(_ text: String, _ name: String) throws(PolygonRefusal) -> Int {
        if let date = LocalDate(text) { return date.daysSince1970 }
        if let milliseconds = Int64(text), abs(milliseconds) < 10_000_000_000_000 { return book.today(milliseconds.floored(by: 1_000)) }
        throw PolygonRefusal(400, "Could not parse the time parameter: '\(name)'. Use YYYY-MM-DD or Unix MS Timestamps")
    }

    func checkHistory(_ day: Int, now: Int64) throws(PolygonRefusal) {
        if let days = faults.historyDays, day < book.today(now) - days {
            throw PolygonRefusal(
                403, "Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing")
        }
    }

    /// The name that stands in the answer.
    private func shown(_ name: String) -> String {
        guard happens(faults.wrongTickerRate, 485) else { return name }
        let other = book.tickers[book.dice.pick(book.tickers.count, 486, asked)].name
        return other == name ? name + "X" : other
    }

    /// `used`: base bars, where copies and strangers came along.
    func told(_ name: String?, _ entries: [BarEntry], _ isAdjusted: Bool, next: String?, used: Int? = nil) -> Answer {
        let count = entries.count + (happens(faults.wrongCountsRate, 487) ? 1 : 0)
        var out = JSONWriter(capacity: 256 + entries.count * 130)
        out.beginObject()
        if let name { out.member("ticker") { $0.string(name) } }
        out.member("queryCount") { $0.int(used ?? entries.count) }
        out.member("resultsCount") { $0.int(count) }
        out.member("adjusted") { $0.bool(isAdjusted) }
        if !entries.isEmpty {
            out.member("results") { out in
                out.beginArray()
                for entry in entries { entry.write(to: &out) }
                out.endArray()
            }
        }
        out.member("status") { $0.string(faults.delayed ? "DELAYED" : "OK") }
        out.member("request_id") { $0.string(requestID) }
        out.member("count") { $0.int(count) }
        if let next { out.member("next_url") { $0.string(next) } }
        out.endObject()
        return Answer(
            status: 200, type: PolygonService.type, body: out.bytes, rows: entries.count, spoiled: entries.count(where: \.isUnusable))
    }
}
