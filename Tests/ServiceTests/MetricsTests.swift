@testable import Command
import EventLoop
import Foundation
import HTTP
import PrivateServers
import Sandbox
import Testing
import TestSupport

/// `/metrics` of the whole service, and what is deployed to read it.
@Suite struct MetricsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A scrape, taken apart.
    private struct Scrape {
        var types: [String: String] = [:]
        /// Without the labels' order mattering to nobody: as they were written.
        var samples: [String: Double] = [:]

        init(_ text: String) throws {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") {
                    #expect(types.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line)")
                } else if !line.hasPrefix("#") {
                    let place = try #require(line.lastIndex(of: " "))
                    let value = try #require(Double(line[line.index(after: place)...]), "\(line)")
                    #expect(samples.updateValue(value, forKey: String(line[..<place])) == nil, "\(line)")
                }
            }
            for name in samples.keys {
                let bare = String(name.prefix { $0 != "{" })
                let family = ["_bucket", "_sum", "_count"].reduce(bare) { name, suffix in
                    name.hasSuffix(suffix) && types[name] == nil ? String(name.dropLast(suffix.count)) : name
                }
                #expect(types[family] != nil, "\(name) has no type")
            }
        }

        subscript(name: String) -> Double? { samples[name] }
        func sum(_ prefix: String) -> Double { samples.filter { $0.key.hasPrefix(prefix) }.reduce(0) { $0 + $1.value } }
    }

    private func service(extra: [String: String] = [:]) throws -> ServiceUnderTest {
        var configuration = Sandbox.Configuration()
        configuration.seed = 3
        configuration.quota = 100_000
        return try ServiceUnderTest(
            configuration, clock: "2025-12-15T12:00:00-03:00", nodes: ["CHILOE________220"],
            extra: ["SIP_RATE_LIMIT": "100000/PT1H"].merging(extra) { $1 })
    }

    @Test func whatAScrapeTells() throws {
        let service = try service(extra: ["GAPLESS_METRICS_PORT": "0"])
        defer { service.stop() }
        let job = try service.ingest(#"{"dataset":"cmg","from":"2025-12-10","to":"2025-12-12"}"#)
        #expect(job["status"] as? String == "completed")
        let before = try Scrape(try service.get("/metrics").text)
        #expect(before["gapless_store_up"] == 1)
        #expect(before[#"gapless_present_slots{dataset="cmg",channel="online"}"#] == 48)
        let expected = try #require(before[#"gapless_expected_slots{dataset="cmg",channel="online"}"#])
        #expect(before[#"gapless_gap_slots{dataset="cmg",channel="online",state="missing"}"#] == expected - 48)
        let ratio = try #require(before[#"gapless_coverage_ratio{dataset="cmg",channel="online"}"#])
        #expect(ratio <= 48 / expected && ratio > 48 / expected - 0.00001)
        let report = try service.json("/v1/cmg/completeness")
        #expect(Double(count(report, "expected") ?? 0) == expected)
        #expect(before[#"gapless_budget_capacity{upstream="sip"}"#] == 100_000)
        let spent = try #require(before[#"gapless_budget_spent{upstream="sip"}"#])
        #expect(spent > 0 && before[#"gapless_budget_left{upstream="sip"}"#] == 100_000 - spent)
        #expect(before[#"gapless_rows_written_total{dataset="cmg"}"#] == 192)
        #expect(before.sum("gapless_upstream_requests_total{") == spent)
        #expect(before[#"gapless_pool_connections_max{pool="watching"}"#] == 1)
        #expect(before[#"gapless_pool_waiting{pool="working"}"#] == 0)
        #expect(try #require(before[#"gapless_loop_turn_seconds_count{loop="work"}"#]) > 0)
        #expect(before.sum("gapless_build_info{version=\"\(Version.number)\"}") == 1)
        for name in ["process_cpu_seconds_total", "process_open_fds", "process_threads", "process_resident_memory_bytes"] {
            #expect(try #require(before[name]) > 0, "\(name)")
        }
        let start = try #require(before["process_start_time_seconds"])
        #expect(start < Date().timeIntervalSince1970 && start > Date().timeIntervalSince1970 - 86_400)
        #expect(try #require(before["process_open_fds"]) < (try #require(before["process_max_fds"])))

        // The same from the port of its own; it has nothing else.
        let own = try #require(service.service.metricsAddress)
        func get(_ path: String) throws -> HTTPClient.Answer {
            try service.client.runBlocking { loop in try await HTTPClient.get(own, path, on: loop, until: .after(.seconds(30))) }
        }
        #expect(try Set(Scrape(get("/metrics").text).types.keys) == Set(before.types.keys))
        #expect(try get("/healthz").status == 200)
        #expect(try get("/readyz").text.contains(#""status":"ok""#))
        #expect(try get("/v1/datasets").status == 404)

        // Work that stands is told with its age, by lane.
        let fromNow = #"{"dataset":"cmg","from":"2025-12-13","to":"2025-12-14","node":"CHILOE________220"}"#
        #expect(try service.post("/v1/ingestions", fromNow)["id"] != nil)
    }

    /// Dashboards and alerts name what is there.
    @Test func whatIsDeployedReadsWhatIsTold() throws {
        let service = try service()
        defer { service.stop() }
        let types = try Scrape(try service.get("/metrics").text).types
        var known = Set(types.keys).union(["up"])
        for (name, type) in types where type == "histogram" { known.formUnion(["_bucket", "_sum", "_count"].map { name + $0 }) }
        let dashboard = try Data(contentsOf: Self.root.appendingPathComponent("deploy/grafana/gapless.json"))
        let object = try #require(try JSONSerialization.jsonObject(with: dashboard) as? [String: Any])
        let panels = try #require(object["panels"] as? [[String: Any]])
        let expressions = panels.flatMap { ($0["targets"] as? [[String: Any]] ?? []).compactMap { $0["expr"] as? String } }
        #expect(expressions.count > 15)
        let rules = try String(contentsOf: Self.root.appendingPathComponent("deploy/prometheus/alerts.yml"), encoding: .utf8)
        for text in expressions + [rules] {
            for match in text.matches(of: /\b(?:gapless|process)_[a-z_]+/) {
                #expect(known.contains(String(match.output)), "\(match.output) of \(text.prefix(120))")
            }
        }
        // Every alert is told of on the page.
        let page = try String(contentsOf: Self.root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        for match in rules.matches(of: /alert: (Gapless[A-Za-z]+)/) { #expect(page.contains("`\(match.1)`"), "\(match.1)") }
    }

    /// While Postgres is away a scrape comes in time, and tells what was read last with its age.
    @Test func aScrapeDoesNotWaitForPostgres() throws {
        let postgres = try TestServers.ownPostgres()
        defer { postgres.stop() }
        let service = try service(extra: ["DATABASE_URL": postgres.conninfo])
        defer { service.stop() }
        #expect(try Scrape(try service.get("/metrics").text)["gapless_store_up"] == 1)
        postgres.stop()
        for _ in 0..<3 {
            let scrape = try Scrape(try service.get("/metrics").text)
            #expect(scrape["gapless_store_sample_age_seconds"] != nil)
            #expect(scrape.types["gapless_coverage_ratio"] == "gauge")
        }
    }

    @Test func labelsAreEscaped() {
        var text = MetricsText()
        text.family("a", "gauge", "Help.")
        text.sample([("x", "a\"b\\c\nd"), ("y", "")], 0.5)
        text.sample([], 3.0)
        #expect(text.text == "# HELP a Help.\n# TYPE a gauge\na{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.5\na 3\n")
    }
}
