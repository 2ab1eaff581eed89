import Bytes
import Series
import Testing

@testable import Datasets

@Suite("A node's call")
struct NodeCallTests {
    let bench: Bench
    let day = FakeRecord.day("2025-12-01", bus: Bench.bus)

    init() throws { bench = try Bench() }

    @Test func onePageHoldsAMonth() throws {
        let dates = (1...31).map { "2025-12-" + ($0 < 10 ? "0\($0)" : "\($0)") }
        let listing = FakeListing(records: dates.flatMap { FakeRecord.day($0, bus: Bench.bus) })
        let outcome = try carryOut(bench.node("2025-12-01", days: 31), serve: listing.answer)
        #expect(outcome.isProved)
        #expect(outcome.rows.count == 2976)
        #expect(outcome.times == Set(listing.records.map(bench.time)))
        #expect(outcome.dropped == 0)
        #expect(
            outcome.requests == [
                UpstreamRequest(
                    path: "/costo-marginal-online/v4/findByDate",
                    query: [
                        ("startDate", "2025-12-01"), ("endDate", "2025-12-31"), ("page", "0"), ("limit", "4000"),
                        ("bar_transf", Bench.bus),
                    ], isDoubtful: true)
            ])
        #expect(
            outcome.rows[1].values == [.decimal(Decimal("1.71")!), .decimal(Decimal("54.1")!), .text("EN LINEA"), .null],
            "digits as they were given")
    }

    @Test func aHoleOfTheUpstreamIsProvedByItsCount() throws {
        let outcome = try carryOut(bench.node("2025-12-01"), serve: FakeListing(records: Array(day.dropFirst(5))).answer)
        #expect(outcome.isProved)
        #expect(outcome.rows.count == 91)
        #expect(outcome.pages == [0])
    }

    @Test func aDayWithoutRecordsIsProvedByTheUpstreamsWord() throws {
        let outcome = try carryOut(bench.node("2025-12-01"), serve: FakeListing(records: []).answer)
        #expect(outcome.isProved)
        #expect(outcome.rows.isEmpty)
        let mute = try carryOut(bench.node("2025-12-01")) { _ in #"{"data": []}"# }
        #expect(mute.isUnproved)
        #expect(mute.requests.map(\.attempt) == [0, 1, 2, 3])
    }

    @Test func pagesOfAClampedLimitAreNumberedAnew() throws {
        var listing = FakeListing(records: day)
        listing.limitMax = 40
        let outcome = try carryOut(bench.node("2025-12-01"), serve: listing.answer)
        #expect(outcome.isProved)
        #expect(outcome.times.count == 96)
        #expect(outcome.pages == [0, 1, 2])
        #expect(outcome.requests.map { $0["limit"] } == ["4000", "40", "40"])

        listing.records.removeLast(3)
        let partial = try carryOut(bench.node("2025-12-01"), pick: { $0 - 1 }, serve: listing.answer)
        #expect(partial.isProved)
        #expect(partial.times.count == 93)
    }

    @Test func aLimitThatShrinksUnderWayIsFollowed() throws {
        var listing = FakeListing(records: day)
        let outcome = try carryOut(bench.node("2025-12-01")) { request in
            listing.limitMax = request["page"] == "0" && request["limit"] == "4000" ? 60 : 25
            return listing.answer(request)
        }
        #expect(outcome.isProved)
        #expect(outcome.times.count == 96)
    }

    @Test(arguments: [false, true])
    func anUpstreamThatCountsFromOneIsSurvived(_ aliasesZero: Bool) throws {
        var listing = FakeListing(records: Array(day.dropLast(2)), base: 1, aliasesZero: aliasesZero)
        let single = try carryOut(bench.node("2025-12-01"), serve: listing.answer)
        #expect(single.isProved)
        #expect(single.times.count == 94)
        #expect(single.pages == (aliasesZero ? [0] : [0, 1]))

        listing.limitMax = 30
        let several = try carryOut(bench.node("2025-12-01"), serve: listing.answer)
        #expect(several.isProved)
        #expect(several.times.count == 94)
        #expect(several.pages == [0, 1, 2, 3, 4])
    }

    @Test func anEmptyPageIsAskedForAgain() throws {
        var listing = FakeListing(records: Array(day.dropLast()))
        listing.limitMax = 40
        var misses = 0
        let outcome = try carryOut(bench.node("2025-12-01")) { request in
            if request["page"] == "1", request.attempt < 2 {
                misses += 1
                return #"{"data": [], "page": 1, "limit": 40}"#
            }
            return listing.answer(request)
        }
        #expect(outcome.isProved)
        #expect(misses == 2)
        #expect(outcome.times.count == 95)
        #expect(Set(outcome.requests).count == outcome.requests.count, "each request is its own")
    }

    @Test func aPageThatStaysEmptyLeavesTheCallUnproved() throws {
        var listing = FakeListing(records: day)
        listing.limitMax = 40
        let outcome = try carryOut(bench.node("2025-12-01")) { request in
            request["page"] == "1" ? #"{"data": [], "page": 1, "limit": 40}"# : listing.answer(request)
        }
        #expect(outcome.isUnproved)
        #expect(outcome.times.count == 56)
        #expect(outcome.requests.count { $0["page"] == "1" } <= 4)
    }

    @Test func aPageGivenUpLeavesTheCallUnproved() throws {
        var listing = FakeListing(records: day)
        listing.limitMax = 40
        let outcome = try carryOut(bench.node("2025-12-01")) { $0["page"] == "2" ? nil : listing.answer($0) }
        #expect(outcome.isUnproved)
        #expect(outcome.times.count == 80)
        let nothing = try carryOut(bench.node("2025-12-01")) { _ in nil }
        #expect(nothing.isUnproved)
        #expect(nothing.requests.map { $0["limit"] } == ["4000", "1"], "whether it answers at all is asked, then no more")
        #expect(nothing.firstAsks == 1)
    }

    @Test func anIgnoredFilterEndsTheShapeAndKeepsTheWantedRows() throws {
        let others = FakeRecord.day("2025-12-01", bus: "QUELLON_______110")
        let outcome = try carryOut(
            bench.node("2025-12-01"), serve: FakeListing(records: others + day.prefix(10), honoursFilter: false).answer)
        guard case .shapeUnusable(let reason) = outcome.end else {
            Issue.record("ended \(String(describing: outcome.end))")
            return
        }
        #expect(reason.contains("96 records"))
        #expect(outcome.times == Set(day.prefix(10).map(bench.time)))
        #expect(outcome.dropped == 96)
    }

    @Test func answersThatDoNotSayWhichPageTheyAreProveNothing() throws {
        let data = day.prefix(90).map(\.json).joined(separator: ",")
        let outcome = try carryOut(bench.node("2025-12-01")) { _ in #"{"data": [\#(data)], "totalPages": 1}"# }
        #expect(outcome.isUnproved)
        #expect(outcome.times.count == 90)
        let wrong = try carryOut(bench.node("2025-12-01")) { _ in
            #"{"data": [\#(data)], "totalPages": 1, "page": 7, "limit": 4000}"#
        }
        #expect(wrong.isUnproved)
    }

    @Test func aBodyOfTooManyPagesIsNotRead() throws {
        let outcome = try carryOut(bench.node("2025-12-01")) { _ in
            FakeListing.body(Array(self.day.prefix(3)), total: 50_944, page: 0, limit: 3)
        }
        #expect(outcome.isUnproved)
        #expect(outcome.requests.count == 1)
        #expect(outcome.rows.count == 3)
    }
}
