import Bytes
import Foundation
import Testing

@testable import Sandbox

/// 2025-06-10 14:20:00 UTC, a Tuesday.
let tuesday: Int64 = 1_749_565_200

/// A desk on a clock that stands, with accounts from 2025-05-20 on, without a pace and without strangers among the records.
func makeMetrics(_ count: Int = 40, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) throws -> Desk {
    try Desk(metricsConfiguration(count, change))
}

func metricsConfiguration(_ count: Int, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) -> Sandbox.Configuration {
    var configuration = Sandbox.Configuration()
    configuration.clockStart = tuesday
    configuration.clockSpeed = 0
    configuration.metrics.accounts = count
    configuration.metrics.begin = 1_747_699_200
    configuration.faults.metrics.rateLimit = nil
    configuration.faults.metrics.testAccountRate = 0
    configuration.faults.metrics.namelessRate = 0
    change(&configuration)
    return configuration
}

/// A record as it was answered, its values as text, numbers as they were written.
struct MetricsLine: Equatable {
    let texts: [String: String?]

    init(_ value: JSONValue) throws {
        var texts: [String: String?] = [:]
        for (name, value) in try #require(value.object) {
            try #require(texts[name] == nil, "\(name) twice")
            texts[name] = .some(value.string ?? value.numberText)
        }
        self.texts = texts
    }

    subscript(_ name: String) -> String? { texts[name] ?? nil }
    var account: String { self["accountId"] ?? "" }
    var trades: Int { Int(self["numTrades"] ?? "") ?? -1 }
    /// `2025-06-10`, however it was written.
    var date: String { String((self["date"] ?? "").prefix(10).filter { $0 != "-" }) }
    /// Of a value with two decimals.
    func cents(_ name: String) -> Int { Int((self[name] ?? "").filter { $0 != "." }) ?? Int.min }
    var slot: String { "\(account) \(date) \(self["hour"] ?? "")" }
}

struct MetricsPage {
    let rows: [MetricsLine]
    let total: Int?
    let body: [(String, JSONValue)]

    init(_ answer: Answer) throws {
        try #require(answer.status == 200, "\(String(decoding: answer.body.prefix(200), as: UTF8.self))")
        body = try #require(try JSONValue(parsing: answer.body, limit: 3_000_000).object)
        let data = try #require(body.first { $0.0 == "Data" || $0.0 == "data" }?.1)
        let list = try #require(data.array ?? data["data"]?.array)
        rows = try list.map(MetricsLine.init)
        total = data["total"]?.int.map { Int($0) }
        #expect(answer.rows == rows.count)
        if data.array == nil { #expect(data["count"]?.int == Int64(rows.count)) }
    }
}

/// A line of truth.
struct MetricsTruthLine: Decodable, Equatable {
    let account_id: String
    let date: String
    let hour: Int?
    let time: Int64
    let fate: String
    let num_trades: String?
    let net_profit: String?
    let hour_trades: String?
    let odd: String?
    let metrics: [String: String?]?

    var slot: String { "\(account_id) \(date.filter { $0 != "-" }) \(hour.map { "\($0)" } ?? "")" }
}

extension Desk {
    func metrics(_ path: String, _ query: KeyValuePairs<String, String>) throws -> MetricsPage {
        try MetricsPage(get("/v2/metrics/" + path, query))
    }

    /// All pages.
    func allMetrics(_ path: String, _ dates: String, limit: Int = 1_000) throws -> [MetricsLine] {
        var rows: [MetricsLine] = []
        while true {
            let page = try metrics(path, ["dates": dates, "limit": "\(limit)", "skip": "\(rows.count)", "include-total": "1"])
            rows += page.rows
            if page.rows.isEmpty || rows.count == page.total { return rows }
        }
    }

    func metricsTruth(_ kind: String, _ from: String, _ to: String, account: String = "") throws -> [MetricsTruthLine] {
        let answer = get("/_sandbox/truth", ["dataset": "accounts", "kind": kind, "from": from, "to": to, "account_id": account])
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        return try answer.body.split(separator: 10).map { try JSONDecoder().decode(MetricsTruthLine.self, from: Data($0)) }
    }

    func setMetrics(_ faults: String) { #expect(putFaults(#"{"metrics":\#(faults)}"#) == 200, "\(faults)") }

    /// The error of an answer, whatever its status.
    func metricsError(_ path: String, _ query: KeyValuePairs<String, String>) throws -> (status: Int, text: String) {
        let answer = get("/v2/metrics/" + path, query)
        let document = try JSONValue(parsing: answer.body)
        #expect(document["Data"] == nil)
        return (answer.status, try #require((document["Error"] ?? document["Message"])?.string))
    }
}

/// `20250603,20250604,…`: so many days from 2025-06-`first` on.
func dates(_ first: Int, _ count: Int = 1) -> String {
    (first..<first + count).map { "202506" + ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: ",")
}
