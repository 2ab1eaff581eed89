import Bytes
import Series
import TestSupport

@testable import Datasets

/// A bar as Polygon sends it.
struct FakeBar {
    var ticker: String?
    var day: Int
    var open = "10.5"
    var high = "11.25"
    var low = "10"
    var close = "11"
    var volume = "6.42646396e+05"
    /// Other members, after a comma.
    var more = #", "vw": 10.7512, "n": 96"#

    func json(_ stamp: Int64) -> String {
        let name = ticker.map { #""T": "\#($0)", "# } ?? ""
        return #"{\#(name)"v": \#(volume), "o": \#(open), "c": \#(close), "h": \#(high), "l": \#(low), "t": \#(stamp)\#(more)}"#
    }
}

/// Polygon's daily bars, and calls to it. Sessions are all weekdays of 2001 to 2030; the Friday after Thanksgiving 2024 closes early.
struct EquitiesBench {
    let zone: Zone
    let sessions: EquitySessions
    static let early = LocalDate("2024-11-29")!

    init(listed: (@Sendable (SeriesKey) -> SlotSet)? = nil) throws {
        zone = try Zone.load("America/New_York")
        let days = LocalDate("2001-01-01")!.daysSince1970..<LocalDate("2031-01-01")!.daysSince1970
        let weekdays = SlotSet(ranges: days.filter { (1...5).contains(Civil.weekday(days: $0)) }.map { $0..<$0 + 1 })
        sessions = EquitySessions(zone: zone, all: weekdays, of: listed) { $0 == Self.early ? 780 : 960 }
    }

    func day(_ text: String) -> Int { LocalDate(text)!.daysSince1970 }

    func time(_ text: String) -> Int64 { sessions.start(day(text)) }

    func midnight(_ day: Int) -> Int64 { sessions.start(day) * 1000 }

    func closing(_ day: Int) -> Int64 {
        let date = LocalDate(daysSince1970: day)
        return zone.first(date, minute: sessions.closeMinute(date)) * 1000
    }

    /// 21:00 in New York.
    func evening(_ text: String) -> Int64 { zone.first(LocalDate(text)!, minute: 21 * 60) }

    func call(_ ticker: String, _ days: Range<Int>, now: Int64, requests: Int = 1, pageRows: Int? = nil) -> any Exchange {
        Equities.exchange(
            CallOrder(
                shape: "ticker", series: [SeriesKey([ticker])], periods: days, now: now, requests: requests, pageRows: pageRows), sessions)
    }

    func session(_ tickers: [String], _ day: String, now: Int64 = 1_900_000_000) -> any Exchange {
        Equities.exchange(
            CallOrder(
                shape: "session", series: tickers.map { SeriesKey([$0]) }, periods: self.day(day)..<self.day(day) + 1, now: now,
                requests: 1),
            sessions)
    }

    func body(_ bars: [String], ticker: String? = nil, next: String? = nil, more: String = "") -> String {
        let name = ticker.map { #""ticker": "\#($0)", "# } ?? ""
        let results = bars.isEmpty ? "" : #""results": [\#(bars.joined(separator: ", "))], "#
        let next = next.map { #""next_url": "\#($0)", "# } ?? ""
        let counts = #""queryCount": \#(bars.count), "resultsCount": \#(bars.count), "adjusted": true"#
        return #"{\#(name)\#(results)\#(next)\#(more)\#(counts), "status": "OK", "request_id": "a1"}"#
    }

    /// What the upstream has of a ticker: the bars of the question's days, in pages of so many, each further one repeating the last bar of
    /// the one before.
    func serve(_ bars: [FakeBar], page: Int = 50_000, repeats: Bool = false) -> (UpstreamRequest) -> String {
        { request in
            let parts = request.path.split(separator: "/").map(String.init)
            let from = LocalDate(parts[7])?.daysSince1970 ?? self.zone.day(at: Int64(parts[7])! / 1000).daysSince1970
            let to = LocalDate(parts[8])!.daysSince1970
            let all = bars.filter { (from...to).contains($0.day) }
            let page = Array(all.prefix(page))
            let left = all.count - page.count
            let following = repeats ? page.last?.day : all.dropFirst(page.count).first?.day
            let next = left > 0 ? following.map { day in
                "https://api.polygon.io/v2/aggs/ticker/\(parts[3])/range/1/day/\(self.midnight(day))/\(parts[8])?cursor=bGltaX%3D\(day)"
            } : nil
            return self.body(page.map { $0.json(self.midnight($0.day)) }, ticker: parts[3], next: next)
        }
    }

    /// A bar of each session.
    func bars(_ from: String, _ to: String) -> [FakeBar] {
        sessions.all.intersection(day(from)..<day(to) + 1).ranges.flatMap { $0 }.map { day in
            FakeBar(day: day, volume: "\(1000 + day)")
        }
    }
}
