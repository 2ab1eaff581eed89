import Bytes
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The dataset `keepa` from request to row, against the imitated upstream on a socket.
@Suite struct KeepaServiceTests {
    private static let clock = "2026-05-10T04:00:00Z"
    private static let asins = ["B0GAPL0001", "B0GAPL0002", "B0GAPL0003"]

    private static func service(
        _ extra: [String: String] = [:], _ change: (inout Sandbox.Configuration) -> Void = { _ in }
    ) throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.seed = 3
        configuration.clockSpeed = 0
        configuration.faults.keepa.unknownRate = 0
        change(&configuration)
        return try ServiceUnderTest(
            configuration, clock: clock, nodes: [], extra: ["KEEPA_API_KEY": "sandbox"].merging(extra) { $1 })
    }

    private static func selection(_ asins: [String] = asins, _ more: String = "") -> String {
        let names = asins.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"dataset":"keepa","asin":[\#(names)]\#(more.isEmpty ? "" : ",")\#(more)}"#
    }

    /// What the upstream was asked since the last look: of each call the parameters.
    private static func asked(_ service: ServiceUnderTest) throws -> [String] {
        let told = try JSONValue(parsing: Array(try service.upstream("GET", "/_sandbox/calls").body), limit: 1_000_000)
        _ = try service.upstream("DELETE", "/_sandbox/calls")
        return told["calls"]?.array?.compactMap { $0["query"]?.string } ?? []
    }

    private static func row(_ service: ServiceUnderTest, _ asin: String, group: String = "current") throws -> [String: Any] {
        let history = try service.json("/v1/keepa/history?asin=\(asin)&group=\(group)&from=2026-04-01&to=2026-05-20")
        return try #require((history["data"] as? [[String: Any]])?.last)
    }

    @Test func aProductFromRequestToRow() throws {
        let service = try Self.service()
        defer { service.stop() }
        let job = try service.ingest(Self.selection())
        #expect(job["status"] as? String == "completed", "\(job)")
        let progress = job["progress"] as? [String: Any]
        #expect(count(progress?["tokens"], "done") == 3 && count(progress?["tokens"], "total") == 3)
        let asked = try Self.asked(service)
        #expect(asked.count == 1 && asked[0].contains("history=1"), "\(asked)")
        let row = try Self.row(service, Self.asins[0])
        let told = try service.upstream("GET", "/_sandbox/truth?dataset=keepa&asin=\(Self.asins[0])&told=1&stats=180&at=\(Self.clock)")
        let line = try #require(told.text.split(separator: "\n").first { $0.contains("\"asin\"") })
        let truth = try JSONValue(parsing: Array(line.utf8))
        #expect(row["title"] as? String == truth["title"]?.string)
        #expect((row["sales_rank"] as? NSNumber)?.int64Value == truth["sales_rank"]?.wholeNumber)
        #expect((row["drops_30"] as? NSNumber)?.int64Value == truth["drops30"]?.wholeNumber)
        #expect(row["last_seen_utc"] as? String == "2026-05-10T04:00:00Z")
        // Another ask in the same refresh period has nothing to do.
        let again = try service.ingest(Self.selection())
        #expect(again["status"] as? String == "completed" && count((again["progress"] as? [String: Any])?["requests"], "total") == 0)
        #expect(try Self.asked(service).isEmpty)
        let report = try service.json("/v1/keepa/completeness")
        #expect(count(report, "expected") == 6 && count(report, "present") == 6 && report["sustainable"] as? Bool == true)
    }

    /// What a light answer does not carry stays as it was known, and what follows from both is there.
    @Test func aLightAnswerLeavesWhatItDoesNotCarry() throws {
        let service = try Self.service()
        defer { service.stop() }
        _ = try service.ingest(Self.selection())
        let before = try Self.asins.map { try Self.row(service, $0) }
        _ = try Self.asked(service)
        let job = try service.ingest(Self.selection(Self.asins, #""group":["current"],"mode":"refresh""#))
        #expect(job["status"] as? String == "completed", "\(job)")
        let asked = try Self.asked(service)
        #expect(asked.count == 1 && asked[0].contains("history=0"), "\(asked)")
        #expect(before.contains { $0["list_at"] is NSNumber && $0["profit"] is NSNumber && $0["seasonality"] is String })
        for (asin, old) in zip(Self.asins, before) {
            let new = try Self.row(service, asin)
            // The clock of the upstream stands, so that nothing else may be other than it was.
            #expect(NSDictionary(dictionary: new) == NSDictionary(dictionary: old), "\(asin)")
        }
    }

    @Test func aProductThatIsRefusedIsFoundAmongItsNeighbours() throws {
        let service = try Self.service { $0.faults.keepa.poison = [Self.asins[1]] }
        defer { service.stop() }
        let job = try service.ingest(Self.selection())
        #expect(job["status"] as? String == "partial", "\(job)")
        let report = try service.json("/v1/keepa/completeness")
        #expect(count(report, "present") == 4 && count(report, "quarantined") == 2)
        let refused = try service.json("/v1/keepa/quarantine")
        let reasons = (refused["data"] as? [[String: Any]])?.map { [$0["asin"], $0["reason"]].map { $0 as? String ?? "" } }
        #expect(Set(reasons ?? []) == [[Self.asins[1], "refused by the upstream"]])
    }

    @Test func whatTheBucketHoldsIsToldAndKeptTo() throws {
        let service = try Self.service(["KEEPA_TOKEN_FLOOR": "40"])
        defer { service.stop() }
        _ = try service.ingest(Self.selection())
        let budgets = try service.json("/v1/budgets")
        let keepa = try #require((budgets["data"] as? [[String: Any]])?.first { $0["upstream"] as? String == "keepa" })
        let tokens = try #require(keepa["tokens"] as? [String: Any])
        #expect((tokens["left"] as? NSNumber)?.doubleValue == 297 && (tokens["floor"] as? NSNumber)?.doubleValue == 40)
        #expect((tokens["refill_per_minute"] as? NSNumber)?.doubleValue == 5 && (tokens["capacity"] as? NSNumber)?.doubleValue == 300)
        let others = (budgets["data"] as? [[String: Any]])?.filter { $0["upstream"] as? String != "keepa" } ?? []
        #expect(!others.isEmpty && others.allSatisfy { $0["tokens"] is NSNull })
    }

    // MARK: Plans

    @Test func aPlanSaysWhatWouldBeByOtherFigures() throws {
        let service = try Self.service()
        defer { service.stop() }
        func supposed(_ question: String) throws -> [String: Any] {
            try #require(try service.post("/v1/plans", Self.selection(Self.asins, "\"what_if\":\(question)"))["what_if"] as? [String: Any])
        }
        let many = try supposed(#"{"products":100000}"#)
        // 7,200 tokens a day keep 14,400 products of one token every other day.
        #expect(count(many, "products_kept") == 14_400 && many["sustainable"] as? Bool == false && many["unit"] as? String == "tokens")
        #expect((many["would_need"] as? String)?.contains("35 tokens a minute instead of 5") == true, "\(many)")
        let more = try supposed(#"{"products":100000,"budget":"35/PT1M"}"#)
        #expect(more["sustainable"] as? Bool == true && count(more, "products_kept") == 100_000)
        let oftener = try supposed(#"{"products":14400,"refresh":{"current":"PT24H"}}"#)
        #expect(oftener["sustainable"] as? Bool == false && count(oftener, "products_kept") == 7200)
        #expect(try service.post("/v1/plans", Self.selection())["what_if"] is NSNull)
        for (question, field) in [
            (#"{"budget":5}"#, "/what_if/budget"), (#"{"budget":"5"}"#, "/what_if/budget"), (#"{"products":0}"#, "/what_if/products"),
            (#"{"refresh":{"weekly":"P7D"}}"#, "/what_if/refresh/weekly"),
            (#"{"refresh":{"current":"2 days"}}"#, "/what_if/refresh/current"),
            (#"{"tokens":5}"#, "/what_if/tokens"), ("7", "/what_if"),
        ] {
            let answer = try service.post("/v1/plans", Self.selection(Self.asins, "\"what_if\":\(question)"))
            let pointer = (answer["errors"] as? [[String: Any]])?.first?["pointer"] as? String
            #expect(answer["status"] as? Int == 400 && pointer == field, "\(question): \(answer)")
        }
        let filed = try service.post("/v1/ingestions", Self.selection(Self.asins, #""what_if":{"products":5}"#))
        #expect(filed["status"] as? Int == 400, "nothing is filed of what was only asked")
    }

    @Test func aPlanThatWasOvertakenSaysBywhat() throws {
        let service = try Self.service()
        defer { service.stop() }
        let plan = try service.post("/v1/plans", Self.selection())
        let id = try #require(plan["id"] as? String)
        #expect(count(plan["totals"], "tokens") == 3)
        _ = try service.ingest(Self.selection([Self.asins[0]]))
        let answer = try service.post("/v1/ingestions", #"{"plan_id":"\#(id)"}"#)
        #expect(answer["status"] as? Int == 409)
        let difference = try #require(answer["difference"] as? [String: Any])
        #expect(count(difference["gone"], "runs") == 2 && count(difference["new"], "runs") == 0, "\(difference)")
    }
}
