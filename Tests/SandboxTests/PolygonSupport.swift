import Bytes
import Foundation
import Testing

@testable import Sandbox

/// 2025-06-11 14:30:00 UTC: a Wednesday, an hour after the opening in New York.
let wednesday: Int64 = 1_749_652_200

/// A desk on a clock that stands, with few tickers beside the built-in ones and any number of requests.
func makePolygon(_ now: Int64 = wednesday, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) throws -> Desk {
    try Desk(polygonConfiguration(now, change))
}

func polygonConfiguration(_ now: Int64 = wednesday, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) -> Sandbox.Configuration {
    var configuration = Sandbox.Configuration()
    configuration.clockStart = now
    configuration.clockSpeed = 0
    configuration.polygon.others = 10
    configuration.faults.polygon.requestsPerMinute = 0
    change(&configuration)
    return configuration
}

/// A bar as it was answered, its values as they were written.
struct PolygonLine: Equatable {
    let texts: [String: String?]

    init(_ value: JSONValue) throws {
        var texts: [String: String?] = [:]
        for (name, value) in try #require(value.object) { texts[name] = .some(value.string ?? value.numberText) }
        self.texts = texts
    }

    subscript(_ name: String) -> String? { texts[name] ?? nil }
    var time: Int64 { Int64(self["t"] ?? "") ?? -1 }
    func decimal(_ name: String) -> Bytes.Decimal? { self[name].flatMap { Bytes.Decimal($0) } }

    /// No cell lacks, and high and low enclose the rest.
    var isSound: Bool {
        guard let open = decimal("o"), let high = decimal("h"), let low = decimal("l"), let close = decimal("c") else { return false }
        return low <= min(open, close) && high >= max(open, close)
    }
}

struct PolygonPage {
    let body: JSONValue
    let rows: [PolygonLine]
    let next: String?

    init(_ answer: Answer) throws {
        try #require(answer.status == 200, "\(String(decoding: answer.body.prefix(200), as: UTF8.self))")
        body = try JSONValue(parsing: answer.body, limit: 3_000_000)
        rows = try (body["results"]?.array ?? []).map(PolygonLine.init)
        next = body["next_url"]?.string
        #expect(body["results"]?.array?.isEmpty != true && answer.rows == rows.count)
    }
}

/// A line of truth.
struct PolygonTruthLine: Decodable, Equatable {
    let ticker: String
    let date: String
    let time: Int64
    let fate: String
    let open, high, low, close, volume, vwap: String?
    let transactions: Int64?
    let grouped: Bool
    let split: Double
    let uncorrected: Bool
    let twice: String?
}

extension Desk {
    /// `target`: a path with its query.
    func polygonAnswer(_ target: String) -> Answer {
        let parts = target.split(separator: "?", maxSplits: 1)
        var pairs: [(name: String, value: String)] = []
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            pairs.append((String(sides[0]), sides.count > 1 ? String(sides[1]) : ""))
        }
        return answer("GET", Question(path: String(parts[0]), query: pairs))
    }

    func range(_ ticker: String, _ from: String, _ to: String, _ query: String = "") throws -> PolygonPage {
        try PolygonPage(polygonAnswer("/v2/aggs/ticker/\(ticker)/range/1/day/\(from)/\(to)\(query)"))
    }

    /// All pages, as `next_url` says, and the URLs.
    func allPages(_ ticker: String, _ from: String, _ to: String, _ query: String) throws -> (rows: [PolygonLine], urls: [String]) {
        var page = try range(ticker, from, to, query)
        var (rows, urls) = (page.rows, [String]())
        while let next = page.next, urls.count < 1_000 {
            urls.append(next)
            page = try PolygonPage(polygonAnswer(String(next.dropFirst("https://api.polygon.io".count))))
            rows += page.rows
        }
        return (rows, urls)
    }

    func grouped(_ date: String, _ query: String = "") throws -> PolygonPage {
        try PolygonPage(polygonAnswer("/v2/aggs/grouped/locale/us/market/stocks/\(date)\(query)"))
    }

    func polygonTruth(_ ticker: String, _ from: String, _ to: String) throws -> [PolygonTruthLine] {
        let answer = get("/_sandbox/truth", ["dataset": "equities", "ticker": ticker, "from": from, "to": to])
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        return try answer.body.split(separator: 10).map { try JSONDecoder().decode(PolygonTruthLine.self, from: Data($0)) }
    }

    func setPolygon(_ faults: String) { #expect(putFaults(#"{"polygon":\#(faults)}"#) == 200, "\(faults)") }
}

/// Seconds since 1970.
func instant(_ text: String) throws -> Int64 { try Timestamp.parse(text) }
