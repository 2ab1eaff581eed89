import Bytes
import Series
import Testing
import TestSupport

@testable import Datasets

@Suite("A scan")
struct ScanTests {
    let bench: Bench
    let wanted = ["CHILOE________220", "QUELLON_______110"]
    /// Two wanted buses among five, the wanted ones lacking their last quarter.
    let records: [FakeRecord]
    let truth: Set<FakeRecord>

    init() throws {
        bench = try Bench()
        let day = "2025-12-01"
        let buses = ["A.BLANCAS_____013", "CHILOE________220", "PEÑABLANCA____013", "PENABLANCA____013", "QUELLON_______110"]
        records = buses.flatMap { bus in
            FakeRecord.day(day, bus: bus).prefix(bus.hasPrefix("P") || bus.hasPrefix("A") ? 96 : 95)
        }
        let wanted = wanted
        truth = Set(records.filter { wanted.contains($0.bus) })
    }

    private func listing(base: Int = 0, aliasesZero: Bool = false) -> FakeListing {
        FakeListing(records: records, base: base, aliasesZero: aliasesZero, limitMax: 60)
    }

    private func scan() -> any Exchange { bench.scan("2025-12-01", buses: wanted) }

    private func places(of records: some Sequence<FakeRecord>) -> Set<String> {
        Set(records.map { "\(wanted.firstIndex(of: $0.bus)!) \(bench.time($0)) \(Decimal($0.usd)!)" })
    }

    private func places(of rows: [Row]) -> Set<String> {
        Set(rows.map { row in if case .decimal(let usd) = row.values[0] { "\(row.series) \(row.time) \(usd)" } else { "no price" } })
    }

    private func expectTruth(_ outcome: Outcome) { #expect(places(of: outcome.rows) == places(of: truth)) }

    @Test(arguments: [(0, false), (1, false), (1, true)])
    func eitherBaseIsSurvived(_ base: Int, _ aliasesZero: Bool) throws {
        for pick: (Int) -> Int in [{ _ in 0 }, { $0 - 1 }] {
            let outcome = try carryOut(scan(), pick: pick, serve: listing(base: base, aliasesZero: aliasesZero).answer)
            #expect(outcome.isProved)
            expectTruth(outcome)
            #expect(outcome.dropped == 0)
            #expect(outcome.requests.allSatisfy { $0["bar_transf"] == nil })
        }
    }

    @Test func allPagesAreAskedForAtOnce() throws {
        var machine = scan()
        let first = machine.start()
        #expect(first.count == 1)
        let step = try machine.received(UpstreamAnswer(body: Array(listing().answer(first[0]).utf8)), to: first[0])
        #expect(step.requests.count == 7)
        #expect(step.end == nil)
    }

    @Test func aScanEndsWhenAllThatWasAskedForCame() throws {
        let others = records.filter { $0.bus != Bench.bus }
        let full = FakeListing(records: FakeRecord.day("2025-12-01", bus: Bench.bus) + others, base: 1, limitMax: 60)
        let outcome = try carryOut(bench.scan("2025-12-01"), serve: full.answer)
        #expect(outcome.isProved)
        #expect(outcome.requests.count == 8, "all were handed out after the first answer")
        var answered = 0
        _ = try carryOut(bench.scan("2025-12-01")) { request in
            answered += 1
            return full.answer(request)
        }
        #expect(answered == 2)
    }

    @Test func doubledRecordsInPlaceOfOthersLeaveTheScanUnproved() throws {
        var served = records
        // The count stays right: one record twice, another never.
        served[100] = served[3]
        served[420] = served[421]
        let outcome = try carryOut(scan(), serve: FakeListing(records: served, limitMax: 60).answer)
        #expect(outcome.isUnproved)
        #expect(places(of: outcome.rows) == places(of: Set(served).intersection(truth)))
        #expect(places(of: outcome.rows).count == truth.count - 2)
        #expect(outcome.pages.sorted() == Array(0...8), "each page once, and the one after the last")
    }

    @Test func aListingThatGrowsIsReadToItsNewEnd() throws {
        let sorted = records.sorted { ($0.stamp, $0.bus) < ($1.stamp, $1.bus) }
        var listing = FakeListing(records: Array(sorted.prefix(300)), limitMax: 60)
        var served = 0
        let outcome = try carryOut(scan()) { request in
            served += 1
            if served == 3 { listing.records = sorted }
            return listing.answer(request)
        }
        #expect(outcome.isProved)
        expectTruth(outcome)
    }

    @Test func shortPagesInsideAreAskedForAgain() throws {
        let listing = listing()
        let outcome = try carryOut(scan()) { request in
            if request["page"] == "3", request.attempt == 0 {
                return FakeListing.body(Array(records[180..<200]), total: 8, page: 3, limit: 60)
            }
            return listing.answer(request)
        }
        #expect(outcome.isProved)
        expectTruth(outcome)
    }

    @Test func namesAreComparedByTheirBytes() throws {
        let outcome = try carryOut(bench.scan("2025-12-01", buses: ["PEÑABLANCA____013"])) { request in
            listing().answer(request).split(separator: "Ñ", omittingEmptySubsequences: false).joined(separator: #"\u00d1"#)
        }
        #expect(outcome.isProved)
        #expect(outcome.rows.count == 96)
    }

    /// An upstream that permutes its records from one request to the next (so that some come twice and others never), empties pages,
    /// loses answers and counts from either end: no row but true ones, and no proof unless all were seen.
    @Test func aRandomUpstreamIsNeverBelieved() throws {
        var proved = 0
        for seed in 0..<400 { proved += try callOfARandomUpstream(seed: UInt64(seed)) ? 1 : 0 }
        #expect((100..<400).contains(proved), "some calls are proved and some are not: \(proved)")
    }

    private func callOfARandomUpstream(seed: UInt64) throws -> Bool {
        var random = Seeded(seed, isTold: false)
        let base = Int.random(in: 0...1, using: &random)
        let isFiltered = random.chance(30)
        var listing = listing(base: base, aliasesZero: base == 1 && random.chance(50))
        listing.limitMax = isFiltered ? 17 : 60
        listing.records.removeLast(Int.random(in: 0..<200, using: &random))
        let truth = places(of: listing.records.filter { isFiltered ? $0.bus == Bench.bus : wanted.contains($0.bus) })
        let permutes = random.chance(40)
        let faults = random.chance(60) ? 20 : 0
        var order = random
        let outcome = try carryOut(isFiltered ? bench.node("2025-12-01") : scan(), pick: { Int.random(in: 0..<$0, using: &order) }) {
            request in
            if random.chance(faults / 4) { return nil }
            if random.chance(faults) { return #"{"data": [], "page": \#(request["page"]!), "limit": \#(listing.limitMax)}"# }
            if permutes, random.chance(50) { listing.records.shuffle(using: &random) }
            return listing.answer(request)
        }
        let rows = places(of: outcome.rows)
        let end: Comment = "seed \(seed): \(String(describing: outcome.end))"
        #expect(outcome.end != nil, end)
        #expect(rows.isSubset(of: truth), end)
        if outcome.isProved { #expect(rows == truth, end) }
        if faults == 0, !permutes { #expect(outcome.isProved, end) }
        let pages = (listing.records.count + listing.limitMax - 1) / listing.limitMax
        #expect(outcome.requests.count <= 2 * (pages + 2) + 1, end)
        return outcome.isProved
    }
}
