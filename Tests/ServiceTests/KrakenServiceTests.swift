import Bytes
import EventLoop
import Foundation
import HTTP
import Sandbox
import Testing
import TestSupport

/// The dataset `kraken` from request to report, against the imitated exchange on a socket.
@Suite struct KrakenServiceTests {
    private static let clock = "2025-03-21T10:07:30Z"

    private static func configuration(
        _ pairs: [String], _ change: (inout Sandbox.Configuration) -> Void
    ) throws -> Sandbox.Configuration {
        var configuration = Sandbox.Configuration()
        configuration.seed = 12
        configuration.clockSpeed = 0
        configuration.clockStart = try Timestamp.parse(clock)
        configuration.kraken.begin = try Timestamp.parse("2025-03-10T00:00:00Z")
        configuration.kraken.only = Set(pairs)
        configuration.faults.kraken.rateLimit = nil
        change(&configuration)
        return configuration
    }

    private static func service(
        _ pairs: [String], _ extra: [String: String] = [:], _ change: (inout Sandbox.Configuration) -> Void = { _ in }
    ) throws -> ServiceUnderTest {
        try ServiceUnderTest(
            try configuration(pairs, change), clock: clock, nodes: [],
            extra: ["KRAKEN_PAIRS": "XBTUSD", "KRAKEN_RATE_LIMIT": "1000/PT1S"].merging(extra) { $1 })
    }

    /// Paths of what the exchange was asked since the last look.
    private static func asked(_ service: ServiceUnderTest) throws -> [String] {
        let told = try JSONValue(parsing: Array(try service.upstream("GET", "/_sandbox/calls").body), limit: 1_000_000)
        _ = try service.upstream("DELETE", "/_sandbox/calls")
        return told["calls"]?.array?.compactMap { $0["path"]?.string.map { String($0.dropFirst(10)) } } ?? []
    }

    private static func selection(_ members: String) -> String { #"{"dataset":"kraken",\#(members)}"# }

    // MARK: Input

    @Test func whatIsNoInputIsToldWithWhatIs() throws {
        let service = try Self.service([])
        defer { service.stop() }
        for (query, told) in [
            ("history?interval=61", "interval: 61 is not a value of interval; there are 1, 5, 15, 30, 60, 240, 720, 1440, 10080, 21600"),
            ("gaps?tier=TIER9", "tier: TIER9 is not a value of tier; there are TIER1, TIER2, TIER3, TIER4"),
            ("history?resolution=PT15M", "resolution: is not a parameter of this resource: expected one of pair, interval, tier, from, to"),
            ("gaps?from=monday", "from: expected a date (2025-12-01) or an instant with its offset (2025-12-01T00:00:00Z)"),
            ("history?pair=XBTUSD", "from: is required: a date (2025-12-01) or an instant with its offset (2025-12-01T00:00:00Z)"),
            ("slots/monday?pair=XBTUSD&interval=60", "time: expected an instant (2025-12-01T14:00:00Z), a local hour"),
        ] {
            let answer = try service.get("/v1/kraken/\(query)")
            #expect(answer.status == 400 && answer.text.contains(told), "\(query): \(answer.text)")
        }
        let local = try service.get("/v1/cmg/gaps?from=monday")
        #expect(local.status == 400 && local.text.contains("its offset (2025-12-01T00:00:00-03:00)"), "\(local.text)")
    }

    // MARK: Delisting

    @Test func whatIsDelistedIsExpectedNoMore() throws {
        let service = try Self.service(["SOLUSD", "XBTUSD"])
        defer { service.stop() }
        let range = #""pair":["SOLUSD"],"interval":[60,1440],"from":"2025-03-17""#
        let before = try service.ingest(Self.selection(range + #","to":"2025-03-21""#))
        #expect(before["status"] as? String == "completed")
        #expect(try Self.asked(service) == ["OHLC"])
        let end = #"{"kraken":{"delisted":{"SOLUSD":"2025-03-21T03:30:00Z"}}}"#
        #expect(try service.upstream("PUT", "/_sandbox/faults", end).status == 200)
        let after = try service.ingest(Self.selection(range))
        #expect(after["status"] as? String == "completed", "\(after)")
        #expect(count(after["progress"].flatMap { ($0 as? [String: Any])?["requests"] }, "done") == 2)
        #expect(try Self.asked(service) == ["OHLC", "AssetPairs"])
        let query = "pair=SOLUSD&from=2025-03-17"
        let report = try service.json("/v1/kraken/completeness?\(query)")
        #expect(count(report, "expected") == 4 * 24 + 4 && count(report, "missing") == 0 && count(report, "pending") == 0)
        let gaps = try service.json("/v1/kraken/gaps?\(query)")
        #expect((gaps["data"] as? [Any])?.isEmpty == true)
        let plan = try service.post("/v1/plans", Self.selection(range))
        #expect((plan["calls"] as? [Any])?.isEmpty == true)
        let slot = try service.get("/v1/kraken/slots/2025-03-21T01:00:00Z?pair=SOLUSD&interval=60")
        #expect(slot.status == 404 && slot.text.contains("lifetime"))
        // Nobody is asked for it again, others go on.
        let again = try service.ingest(Self.selection(range.replacing("SOLUSD", with: "SOLUSD\",\"XBTUSD")))
        #expect(again["status"] as? String == "completed")
        #expect(try Self.asked(service) == ["OHLC"])
    }

    @Test func whatWasNeverListedFails() throws {
        let service = try Self.service(["SOLUSD", "XBTUSD"])
        defer { service.stop() }
        let job = try service.ingest(Self.selection(#""pair":["BOGUSUSD"],"interval":[1,60],"from":"2025-03-20","trades":true"#))
        #expect(job["status"] as? String == "failed", "\(job)")
        #expect((job["error"] as? String)?.contains("Kraken lists no pair BOGUSUSD") == true)
        let asked = try Self.asked(service)
        #expect(Set(asked.filter { $0 != "AssetPairs" }).count == 1 && asked.count <= 4, "\(asked)")
        let report = try service.json("/v1/kraken/completeness?pair=BOGUSUSD&interval=60&from=2025-03-20")
        #expect(count(report, "missing") == 34, "its lifetime is not known")
    }

    /// The list says that the pair is there: the refusals were faults.
    @Test func aRefusalThatIsAFaultIsTriedAgain() throws {
        let service = try Self.service(["SOLUSD", "XBTUSD"]) { $0.faults.kraken.unknownPairRate = 0.5 }
        defer { service.stop() }
        var all: [String] = []
        for interval in [60, 15, 5, 1] {
            let job = try service.ingest(Self.selection(#""pair":["SOLUSD"],"interval":[\#(interval)],"from":"2025-03-21""#))
            #expect(job["status"] as? String == "completed", "\(job)")
            all += try Self.asked(service)
        }
        #expect(all.contains("AssetPairs") && !all.contains("Trades"))
        let report = try service.json("/v1/kraken/completeness?pair=SOLUSD&from=2025-03-21")
        #expect(count(report, "missing") == 0 && count(report, "pending") != 0)
    }

    // MARK: The bound

    /// Where a plan says that its cost is the least there is, it is what is spent: each request is counted where it arrives.
    @Test func requestsAreTheBoundWhereThePlanSaysProven() throws {
        let service = try Self.service(["SOLUSD", "XBTUSD", "ETHUSD", "XDGUSD"])
        defer { service.stop() }
        for (members, bound) in [
            // Four hours, half days and days follow from the hours; five minutes do not reach back so far.
            (#""pair":["XBTUSD","ETHUSD"],"interval":[5,60,240,720,1440],"from":"2025-03-14""#, 4),
            // What was brought before need not be asked for: two pairs are new.
            (#""pair":["XBTUSD","SOLUSD","XDGUSD"],"interval":[60,720,1440],"from":"2025-03-15""#, 2),
            (#""pair":["XBTUSD","ETHUSD","SOLUSD","XDGUSD"],"interval":[1,15,30],"from":"2025-03-21T00:00:00Z""#, 4),
            // All of it is there.
            (#""pair":["XBTUSD","ETHUSD","SOLUSD","XDGUSD"],"interval":[60,240,1440],"from":"2025-03-16""#, 0),
        ] {
            let plan = try service.post("/v1/plans", Self.selection(members))
            #expect(plan["optimality"] as? String == "proven")
            #expect(count(plan["lower_bound"], "requests") == bound && count(plan["totals"], "requests") == bound, "\(members): \(plan)")
            _ = try service.ingest(Self.selection(members))
            let asked = try Self.asked(service)
            #expect(asked == Array(repeating: "OHLC", count: bound), "\(members): \(asked)")
        }
    }

    // MARK: By every way

    /// What is taken for a downtime because all pairs were silent is asked for again where everything is wanted.
    @Test func whatOnlyEvidenceSaysIsAskedForAgain() throws {
        let directory = try TestServers.ownDirectory()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let pairs = ["SOLUSD", "XBTUSD", "ETHUSD"]
        let day = try Timestamp.parse("2025-03-15T00:00:00Z")
        func change(_ configuration: inout Sandbox.Configuration) {
            configuration.faults.kraken.downtime = [day + 9 * 3600..<day + 12 * 3600]
        }
        var options = Sandbox.ArchiveOptions(through: try Timestamp.parse("2025-03-19T00:00:00Z"))
        options.intervals = [60]
        for file in try Sandbox.writeArchives(try Self.configuration(pairs, change), to: directory, options) {
            // One that was written just now is left alone.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: "\(directory)/\(file.path)")
        }
        let service = try Self.service(pairs, ["KRAKEN_ARCHIVE_DIR": directory], change)
        defer { service.stop() }
        let range = #""pair":["SOLUSD","XBTUSD","ETHUSD"],"interval":[60],"from":"2025-03-12","to":"2025-03-18""#
        let limit = Deadline.after(.seconds(60))
        while Deadline.now < limit, count(try service.post("/v1/plans", Self.selection(range))["totals"], "requests") != 0 {
            try service.client.runBlocking { loop in try await loop.sleep(for: .milliseconds(100)) }
        }
        let imported = try service.ingest(Self.selection(range + #","api_backfill":false"#))
        #expect(imported["status"] as? String == "completed")
        #expect(try Self.asked(service).isEmpty)
        func planned(_ members: String) throws -> Int? {
            count(try service.post("/v1/plans", Self.selection(members))["totals"], "calls")
        }
        func reasons() throws -> [String?] {
            let gaps = try service.json("/v1/kraken/gaps?from=2025-03-12&to=2025-03-18&interval=60")["data"] as? [[String: Any]] ?? []
            return gaps.map { $0["reason"] as? String }
        }
        #expect(try reasons() == ["downtime", "downtime", "downtime"])
        #expect(try planned(range + #","trades":true"#) == 0)
        let job = try service.ingest(Self.selection(range + #","complete":true"#))
        #expect(job["status"] as? String == "completed")
        #expect(try Self.asked(service) == ["OHLC", "OHLC", "OHLC"])
        #expect(try reasons() == ["no_trade", "no_trade", "no_trade"])
        #expect(try planned(range + #","complete":true"#) == 0)
    }
}
