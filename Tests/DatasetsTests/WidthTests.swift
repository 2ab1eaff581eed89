import Bytes
@testable import Datasets
import Series
import Testing

/// Several days of one bus that are not answered: what is found out, and what it costs.
@Suite struct WidthTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// An upstream that has nothing; `refuses` says what is not answered at all.
    private func run(
        _ date: String, days: Int, cause: FailureClass = .server, refuses: (UpstreamRequest, _ number: Int) -> Bool
    ) throws -> Outcome {
        var number = 0
        return try carryOut(bench.exchange("online-node", date, days: days), cause: { _ in cause }) { request in
            number += 1
            if refuses(request, number) { return nil }
            return FakeListing.body([], total: 0, page: Int(request["page"]!)!, limit: Int(request["limit"]!)!)
        }
    }

    private func spans(_ request: UpstreamRequest, _ date: String) -> Bool { request["startDate"]! <= date && request["endDate"]! >= date }

    @Test func aLostDayMakesTheCallTooWide() throws {
        let outcome = try run("2025-03-01", days: 31) { request, _ in spans(request, "2025-03-20") }
        guard case .tooWide = outcome.end else { return #expect(Bool(false), "\(outcome)") }
        // All days, one day, all days once more, then in smaller pages.
        #expect(outcome.requests.map { $0["limit"] } == ["4000", "96", "4000", "1000"])
        #expect(outcome.requests[1]["startDate"] == outcome.requests[1]["endDate"] && outcome.requests[1]["bar_transf"] == Bench.bus)
        #expect(outcome.firstAsks == 1, "what was planned: \(outcome.requests)")
    }

    /// The first day that is asked for instead may be the lost one itself.
    @Test func theLostDayMayBeTheOneThatIsTried() throws {
        let outcome = try run("2025-03-17", days: 4) { request, _ in spans(request, "2025-03-20") }
        guard case .tooWide = outcome.end else { return #expect(Bool(false), "\(outcome)") }
        #expect(outcome.requests.map { $0["limit"] } == ["4000", "96", "96", "4000"])
    }

    @Test func largePagesAreNotTakenForManyDays() throws {
        let outcome = try run("2025-03-01", days: 31) { request, _ in Int(request["limit"]!)! > 1000 }
        #expect(outcome.isProved)
        #expect(outcome.requests.map { $0["limit"] }.prefix(4) == ["4000", "96", "4000", "1000"])
    }

    @Test func aRefusedFilterIsFoundWithoutHalving() throws {
        let outcome = try run("2025-03-01", days: 31) { request, _ in request["bar_transf"] != nil }
        guard case .shapeUnusable = outcome.end else { return #expect(Bool(false), "\(outcome)") }
        // All days, one and another one of them, one record without the filter, one day with it again, one record again.
        #expect(outcome.requests.map(\.isDoubtful) == [true, true, true, false, true, true])
        let day = try run("2025-03-01", days: 1) { request, _ in request["bar_transf"] != nil }
        guard case .shapeUnusable = day.end else { return #expect(Bool(false), "\(day)") }
        let throttled = try run("2025-03-01", days: 31, cause: .throttled(retryAfterSeconds: nil)) { request, _ in
            request["bar_transf"] != nil
        }
        guard case .shapeUnusable = throttled.end else { return #expect(Bool(false), "\(throttled)") }
        #expect(throttled.requests.count == 4)
    }

    /// What was refused while the quota was spent, or during a burst of errors, is not held against the filter or the days.
    @Test func whatPassesIsNotHeldAgainstAnything() throws {
        for (days, cause) in [
            (31, FailureClass.throttled(retryAfterSeconds: nil)), (31, .server), (1, .server), (1, .throttled(retryAfterSeconds: nil)),
        ] {
            let outcome = try run("2025-03-01", days: days, cause: cause) { _, number in number == 1 }
            #expect(outcome.isProved, "\(days) \(cause): \(outcome)")
            #expect(outcome.requests.filter { $0["limit"] == "1000" }.isEmpty)
        }
    }

    /// A quota that is spent lets one request through now and then: that says nothing about the filter.
    @Test func aQuotaThatLetsOneThroughIsNotARefusedFilter() throws {
        let outcome = try run("2025-03-01", days: 31, cause: .throttled(retryAfterSeconds: nil)) { _, number in number != 2 }
        #expect(outcome.isUnproved && outcome.requests.count == 4)
    }

    @Test func twoLostDaysHoldNoOthersUp() throws {
        let outcome = try run("2025-03-01", days: 31) { request, _ in spans(request, "2025-03-31") || spans(request, "2025-03-16") }
        guard case .tooWide = outcome.end else { return #expect(Bool(false), "\(outcome)") }
    }

    @Test func anUpstreamThatIsAwayProvesNothing() throws {
        let outcome = try run("2025-03-01", days: 31) { _, _ in true }
        #expect(outcome.isUnproved && outcome.requests.count == 4)
        let throttled = try run("2025-03-01", days: 31, cause: .throttled(retryAfterSeconds: nil)) { _, _ in true }
        #expect(throttled.isUnproved && throttled.requests.count == 2)
    }
}
