@testable import Bytes
@testable import Datasets
@testable import Series

/// F-11: whatever stands in an answer that lists bars, the call of a ticker and that of a session take it or find a defect; rows are of
/// the sessions asked for, each once, and break no rule; a refused bar that is read again is refused again. A next page is only ever one
/// of the same ticker.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let body = Array(UnsafeBufferPointer(start: data, count: count))
    for shape in ["ticker", "session"] {
        let order = CallOrder(
            shape: shape, series: [SeriesKey(["A"])], periods: shape == "ticker" ? 19_780..<19_790 : 19_782..<19_783, now: 1_710_000_000,
            pageRows: 100)
        var call = Equities.exchange(order, sessions)
        guard let request = call.start().first, let step = try? call.received(UpstreamAnswer(body: body), to: request) else { continue }
        precondition((step.end == nil) == (step.requests.count == 1), "neither over nor going on")
        for next in step.requests { precondition(next.path.hasPrefix("/v2/aggs/ticker/A/range/1/day/"), "another place") }
        precondition(Set(step.rows.map(\.time)).count == step.rows.count, "a session twice")
        for row in step.rows {
            guard case .decimal(let high) = row.values[1], case .decimal(let low) = row.values[2], row.values.count == 7 else {
                preconditionFailure("a row without prices")
            }
            precondition(low <= high && low > .zero && sessions.all.contains(Int(row.time / 86_400)), "a row that breaks a rule")
        }
        for record in step.quarantined where record.reason != "twice with other values" {
            let kept = KeptRecord(record: record.record, time: record.time, shape: shape, reason: record.reason)
            if QuarantinedRecord.isCut(record.record) { continue }
            guard case .failure = Equities.reread(sessions)(SeriesKey(["A"]), kept, false) else { preconditionFailure("taken after all") }
        }
    }
    return 0
}

/// In UTC, so that a day's midnight is a multiple of 86,400 seconds.
private let sessions = EquitySessions(zone: .utc, all: SlotSet(19_700..<19_800)) { _ in 960 }
