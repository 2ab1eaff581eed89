import Bytes
import Series
import TestSupport

@testable import Datasets

/// A record of the truth.
struct FakeMetric: Hashable {
    var account: String
    var hour: Int?
    var trades: Int
    var date = "20250601"
    /// More members, as they stand in the text.
    var more = ""

    var json: String {
        let hour = hour.map { #", "hour": \#($0)"# } ?? ""
        return #"{"accountId": "\#(account)", "date": "\#(date)"\#(hour), "numTrades": \#(trades)\#(more)}"#
    }
}

/// The metrics API as far as a call sees it.
struct FakeMetrics {
    enum Body { case new, bare, old }

    var records: [FakeMetric]
    var body = Body.new
    var limitMax = 1000
    var batchMax = Int.max
    /// Accounts for which every answer is a refusal.
    var poison: Set<String> = []
    /// Whether `accountIds` does anything.
    var honoursFilter = true

    func matching(_ request: UpstreamRequest) -> [FakeMetric] {
        let accounts = request["accountIds"].map { Set($0.split(separator: ",").map(String.init)) }
        let isHourly = request.path == "/v2/metrics/hourly"
        return records.filter { record in
            (record.hour != nil) == isHourly && record.date == request["dates"]
                && (!honoursFilter || accounts?.contains(record.account) ?? true)
        }
    }

    /// nil for a bad request.
    func answer(_ request: UpstreamRequest) -> String? {
        let accounts = request["accountIds"]?.split(separator: ",").map(String.init) ?? []
        if accounts.count > batchMax || accounts.contains(where: poison.contains) { return nil }
        let found = matching(request)
        return page(found, request, total: found.count)
    }

    func page(_ found: [FakeMetric], _ request: UpstreamRequest, total: Int) -> String {
        let (limit, skip) = (min(Int(request["limit"]!)!, limitMax), Int(request["skip"]!)!)
        let page = found.dropFirst(skip).prefix(limit)
        return text(page.map(\.json), total: total, skip: skip, limit: limit)
    }

    func text(_ records: [String], total: Int, skip: Int, limit: Int) -> String {
        let data = "[\(records.joined(separator: ", "))]"
        return switch body {
        case .new:
            #"{"Status":"ok","Data":{"data":\#(data),"total":\#(total),"skip":\#(skip),"limit":\#(limit),"count":\#(records.count)}}"#
        case .bare: #"{"Status":"ok","Data":\#(data)}"#
        case .old: #"{"status":"ok","data":\#(data)}"#
        }
    }
}

/// The dataset under test and what its calls need.
struct AccountsBench {
    let dataset: Dataset
    let day = LocalDate("2025-06-01")!.daysSince1970

    init(_ following: Accounts.Following = Accounts.Following(), batch: Int = 25) throws {
        dataset = accounts(zone: try Zone.load("Etc/UTC"), following: following, rate: Accounts.rate, batch: batch)
    }

    var start: Int64 { Int64(day) * 86_400 }

    func call(_ shape: String, _ accounts: [String] = ["*"], requests: Int = .max) -> any Exchange {
        dataset.exchange(
            CallOrder(
                shape: shape, series: accounts.map { SeriesKey([$0, shape == "hours" ? "hour" : "day"]) }, periods: day..<day + 1,
                requests: requests))
    }

    /// Refusals are bad requests.
    func carry(
        _ shape: String, _ accounts: [String] = ["*"], requests: Int = .max, pick: (Int) -> Int = { _ in 0 },
        serve: (UpstreamRequest) -> String?
    ) throws -> Outcome {
        try carryOut(call(shape, accounts, requests: requests), pick: pick, givesDefectsUp: true, cause: { _ in .badRequest }, serve: serve)
    }

    /// The whole listing in one answer.
    func one(_ shape: String, _ accounts: [String] = ["*"], _ records: [String]) throws -> Outcome {
        let fake = FakeMetrics(records: [])
        return try carry(shape, accounts) { _ in fake.text(records, total: records.count, skip: 0, limit: 1000) }
    }
}

extension Row {
    var trades: Int64? { if case .integer(let count) = values[0] { count } else { nil } }
    /// The column of what has none.
    var rest: String? { if case .text(let text)? = values.last { text } else { nil } }
}
