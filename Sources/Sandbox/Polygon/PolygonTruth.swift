internal import Bytes

/// What a client should hold, one JSON object a line.
extension PolygonService {
    /// `kind=tickers` needs nothing more; bars the two ends, and a ticker where not all are wanted.
    func truth(_ question: Question) -> Answer {
        let kind = question["kind"] ?? "bars"
        if kind == "tickers" { return PolygonService.lines(tickersTruth()) }
        guard kind == "bars" else { return .plain(400, "kind is bars or tickers") }
        guard let from = question["from"].flatMap(instant), let to = question["to"].flatMap(instant), from <= to else {
            return .plain(400, "from and to are required: a day, seconds since 1970, or RFC 3339 with an offset")
        }
        var tickers = book.tickers.filter { $0.kind != .other }
        if let name = question["ticker"] {
            guard let ticker = book.ticker(name) else { return .plain(404, "no such ticker") }
            tickers = [ticker]
        }
        let days = book.today(from)...max(book.today(from), book.today(to))
        if tickers.count * days.count > 3_000_000 { return .plain(400, "that would be more than 3,000,000 lines") }
        let now = clock.now
        let sessions = book.calendar.sessions(days).filter { (from..<to).contains($0.midnight) && $0.midnight <= now }
        let lacking = sessions.map { book.lacking($0.day) }
        var out = JSONWriter(capacity: 4_096)
        for ticker in tickers {
            for (session, lacking) in zip(sessions, lacking) {
                guard let told = book.told(ticker, session, now: now) else { continue }
                write(told, ticker, isGrouped: told.isTold && !lacking.contains(ticker.name), to: &out)
            }
        }
        return PolygonService.lines(out.bytes)
    }

    private static func lines(_ text: [UInt8]) -> Answer { Answer(status: 200, type: "application/x-ndjson", body: text) }

    /// A day of New York.
    private func instant(_ text: String) -> Int64? {
        if let date = LocalDate(text) { return book.calendar.zone.start(of: date) }
        return Instant.parse(text)
    }

    private func write(_ told: ToldBar, _ ticker: EquityTicker, isGrouped: Bool, to out: inout JSONWriter) {
        let bar = told.bar
        out.beginObject()
        out.member("ticker") { $0.string(ticker.name) }
        out.member("date") { $0.string(LocalDate(daysSince1970: told.session.day).description) }
        out.member("time") { $0.int(told.session.midnight) }
        out.member("fate") { $0.string(told.fate.rawValue) }
        for (name, price) in [
            ("open", bar?.open), ("high", bar?.high), ("low", bar?.low), ("close", bar?.close),
        ] { out.member(name) { PolygonService.write(price, DailyBar.priceDecimals, &$0) } }
        out.member("volume") { PolygonService.write(bar?.volume, DailyBar.volumeDecimals, &$0) }
        out.member("vwap") { PolygonService.write(bar?.vwap, DailyBar.priceDecimals, &$0) }
        out.member("transactions") { out in
            if let count = bar?.transactions { out.int(count) } else { out.null() }
        }
        out.member("grouped") { $0.bool(isGrouped) }
        out.member("split") { $0.double(told.ratio) }
        out.member("uncorrected") { $0.bool(told.isUncorrected) }
        out.member("twice") { out in
            if let copy = told.copy { out.string(copy.rawValue) } else { out.null() }
        }
        out.endObject()
        out.endLine()
    }

    private static func write(_ units: Int64?, _ decimals: Int, _ out: inout JSONWriter) {
        if let units { out.string(Digits.plain(units, decimals)) } else { out.null() }
    }

    private func tickersTruth() -> [UInt8] {
        func day(_ day: Int?, _ out: inout JSONWriter) {
            if let day { out.string(LocalDate(daysSince1970: day).description) } else { out.null() }
        }
        func text(_ text: String?, _ out: inout JSONWriter) {
            if let text { out.string(text) } else { out.null() }
        }
        var out = JSONWriter(capacity: 65_536)
        for ticker in book.tickers {
            out.beginObject()
            out.member("ticker") { $0.string(ticker.name) }
            out.member("kind") { $0.string(ticker.kind.rawValue) }
            out.member("first") { day(ticker.first, &$0) }
            out.member("last") { day(ticker.last, &$0) }
            out.member("formerly") { text(ticker.formerly, &$0) }
            out.member("later") { text(ticker.later, &$0) }
            out.member("thin") { $0.bool(ticker.isThin) }
            out.endObject()
            out.endLine()
        }
        return out.bytes
    }
}
