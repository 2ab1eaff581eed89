import Bytes
import Series
import Testing
import TestSupport

@testable import Datasets

/// What calls cost, and how that is learnt.
@Suite("Prices of calls")
struct PriceTests {
    let bench: Bench
    let scanned: [FakeRecord]

    init() throws {
        bench = try Bench()
        scanned = (0..<10).flatMap { FakeRecord.day("2025-12-01", bus: "STRANGER\($0)_____110") }
            + FakeRecord.day("2025-12-01", bus: Bench.bus)
    }

    @Test func aScanOfMorePagesThanPlannedEndsAtOnceAndSaysItsPrice() throws {
        let listing = FakeListing(records: scanned, base: 1, limitMax: 100)
        let outcome = try carryOut(bench.scan("2025-12-01", requests: 8), serve: listing.answer)
        #expect(outcome.requests.count == 1)
        guard case .costlier(let needs, _) = outcome.end else {
            Issue.record("ended \(String(describing: outcome.end))")
            return
        }
        #expect(needs == Step.Needs(requests: 12, pageRows: 100))
        let shape = bench.dataset.shapes.first { $0.name == "online-scan" }!
        let priced = bench.dataset.priced(shape, needs)
        #expect(priced.cost(periods: 1, series: 9) == Cost(requests: 12))
        #expect(priced.kind == shape.kind && priced.channel == shape.channel)
        // At its price it goes through, from either base, and asks for pages of the learnt size.
        for base in [0, 1] {
            let again = try carryOut(
                bench.exchange("online-scan", "2025-12-01", requests: needs.requests, pageRows: needs.pageRows),
                serve: FakeListing(records: scanned, base: base, limitMax: 100).answer)
            #expect(again.isProved)
            #expect(again.firstAsks <= needs.requests)
            #expect(again.needs == Step.Needs(requests: 12, pageRows: 100))
            #expect(again.requests.allSatisfy { $0["limit"] == "100" || $0["limit"] == "1" })
        }
    }

    /// Whatever size of pages an upstream gives: the second call goes through, or at most the third.
    @Test(arguments: [7, 50, 96, 100, 500, 1000, 1500, 2976, 4000])
    func aNodesCallFindsItsPrice(_ limitMax: Int) throws {
        let dates = (1...31).map { "2025-12-" + ($0 < 10 ? "0\($0)" : "\($0)") }
        let days = dates.flatMap { FakeRecord.day($0, bus: Bench.bus) }
        let mixed = days.flatMap { day in
            ["REAL-PRE", "REAL-DEF"].map { FakeRecord(bus: day.bus, date: day.date, hour: day.hour, minute: day.minute, version: $0) }
        }
        for (source, records) in [("online", days), ("real", mixed)] {
            var listing = FakeListing(records: records, limitMax: limitMax)
            var random = Seeded(UInt64(limitMax), isTold: false)
            listing.records.shuffle(using: &random)
            var shape = bench.dataset.shapes.first { $0.name == source + "-node" }!
            var pageRows: Int?
            var rounds = 0
            while true {
                guard case .window(let days) = shape.kind else { return }
                let planned = shape.cost(periods: days, series: 1).requests
                let outcome = try carryOut(
                    bench.exchange(shape.name, "2025-12-01", days: days, requests: planned, pageRows: pageRows), serve: listing.answer)
                #expect(outcome.firstAsks <= planned)
                rounds += 1
                if outcome.isProved { break }
                guard case .costlier(let needs, _) = outcome.end, rounds < 4 else {
                    Issue.record("\(source) \(limitMax): ended \(String(describing: outcome.end)) in round \(rounds)")
                    break
                }
                shape = bench.dataset.priced(shape, needs)
                pageRows = needs.pageRows
            }
            if source == "online", limitMax >= 96 { #expect(shape.fixed.requests == 1, "as many days as a page holds") }
        }
    }

    @Test func pagesThatAreRefusedForTheirLengthAreHalved() throws {
        var listing = FakeListing(records: scanned, base: 1)
        listing.ceiling = 500
        let outcome = try carryOut(bench.scan("2025-12-01"), serve: listing.outcome)
        #expect(outcome.isProved)
        #expect(outcome.requests.prefix(6).map { $0["limit"] } == ["4000", "1", "4000", "2000", "1000", "500"])
        #expect(outcome.requests.prefix(5).map { $0.attempt > 0 } == [false, true, true, true, true])
        #expect(outcome.needs == Step.Needs(requests: 4, pageRows: 500))
        listing.ceiling = 400
        #expect(try carryOut(bench.scan("2025-12-01"), serve: listing.outcome).isUnproved)
        listing.ceiling = 1000
        let node = try carryOut(bench.node("2025-12-01"), serve: FakeListing(records: scanned, ceiling: 1000).outcome)
        #expect(node.isProved && node.rows.count == 96)
    }

    @Test func aFilterIsFoundRefusedOnlyWhereTheSameDaysAreAnsweredWithoutIt() throws {
        let listing = FakeListing(records: scanned, base: 1)
        let refused = try carryOut(bench.node("2025-12-01")) { $0["bar_transf"] == nil ? listing.answer($0) : nil }
        guard case .shapeUnusable(let why) = refused.end else {
            Issue.record("ended \(String(describing: refused.end))")
            return
        }
        #expect(why.contains("refused"))
        #expect(refused.firstAsks == 1)
        let away = try carryOut(bench.node("2025-12-01")) { _ in nil }
        #expect(away.isUnproved && away.requests.count == 2)
        var served = 0
        let passing = try carryOut(bench.node("2025-12-01")) { request in
            served += 1
            return served == 1 ? nil : FakeListing(records: scanned).answer(request)
        }
        #expect(passing.isProved, "the first page was lost, no more")
    }

    @Test func aSpoiltRecordIsNoIgnoredFilter() throws {
        let day = FakeRecord.day("2025-12-01", bus: Bench.bus)
        let outcome = try carryOut(bench.node("2025-12-01")) { request in
            let spoilt = FakeRecord(bus: "GARBLED", date: "2025-12-01", hour: 23, minute: 45)
            return FakeListing(records: day.dropLast() + [spoilt], honoursFilter: false).answer(request)
        }
        #expect(outcome.isUnproved)
        #expect(outcome.rows.count == 95)
    }

    @Test func aDayThatIsNotOverTeachesNoPrice() throws {
        let now = bench.zone.instants(LocalDate("2025-12-01")!, hour: 12, minute: 0)[0]
        let listing = FakeListing(records: scanned.filter { $0.hour < 10 }, base: 1, limitMax: 100)
        let outcome = try carryOut(bench.exchange("online-scan", "2025-12-01", now: now), serve: listing.answer)
        #expect(outcome.isProved, "all quarters that are due came")
        #expect(outcome.needs == nil)
    }

    @Test func withoutAWordOnPagesTheRowsAreFoundAllTheSame() throws {
        let listing = FakeListing(records: scanned.dropLast(), base: 1, limitMax: 100)
        let outcome = try carryOut(bench.scan("2025-12-01")) { request in
            let page = listing.served(request)
            return FakeListing.body(page.records, total: nil, page: page.number, limit: page.limit)
        }
        #expect(outcome.isUnproved)
        #expect(outcome.times.count == 95)
    }
}
