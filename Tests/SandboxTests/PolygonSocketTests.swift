import Bytes
import EventLoop
import Foundation
import HTTP
import Testing

@testable import Sandbox

@Suite struct PolygonSocketTests {
    private let path = "/v2/aggs/ticker/BRK.B/range/1/day/2025-06-02/2025-06-10?limit=3"

    @Test func keysAreAskedForAndNeverTold() async throws {
        try await SandboxUnderTest.with({ polygonConfiguration { $0.keys = ["right-one"] } }) { loop, sandbox in
            let header = try await HTTPClient.get(
                sandbox.address, path, headers: [("Authorization", "Bearer right-one")], on: loop, until: .after(.seconds(30)))
            let begin = #"{"ticker":"BRK.B","queryCount":3,"resultsCount":3,"adjusted":true,"results":[{"v":"#
            #expect(header.status == 200 && header.text.hasPrefix(begin))
            #expect(header.header("content-type") == "application/json")
            let next = try #require(try JSONValue(parsing: header.body)["next_url"]?.string)
            #expect(next.hasPrefix("http://\(sandbox.address)/v2/aggs/ticker/BRK.B/range/1/day/"))
            let rest = String(next.dropFirst("http://\(sandbox.address)".count))
            let bare = try await sandbox.get(rest, on: loop), query = try await sandbox.get(rest + "&apiKey=right-one", on: loop)
            #expect(bare.status == 401 && bare.text.contains("API Key was not provided") && query.status == 200)
            let wrong = try await sandbox.get(path + "&apiKey=wrong-one", on: loop)
            #expect(wrong.status == 401 && wrong.text.hasPrefix(#"{"status":"ERROR","request_id":""#))
            #expect(wrong.text.contains("Unknown API Key"))
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.components(separatedBy: #""upstream":"polygon""#).count == 5 && !calls.contains("-one"))
        }
    }

    @Test func pathsGoWhereTheyBelong() async throws {
        try await SandboxUnderTest.with({ polygonConfiguration() }) { loop, sandbox in
            for (path, status) in [
                ("/v2/aggs/grouped/locale/us/market/stocks/2025-06-10", 200), ("/v2/aggs/ticker/AAPL/prev", 200),
                ("/v1/marketstatus/now", 200), ("/v1/marketstatus/upcoming", 200),
                ("/v2/aggs/ticker/AAPL/range/1/minute/2025-06-02/2025-06-02", 404),
                ("/v2/aggs/x", 404), ("/v2/metrics/daily?dates=20250604", 200), ("/_sandbox/truth?dataset=equities&kind=tickers", 200),
                ("/_sandbox/truth?dataset=equities&ticker=nobody&from=2025-06-02&to=2025-06-03", 404),
            ] {
                let answer = try await sandbox.get(path, on: loop)
                #expect(answer.status == status, "\(path)")
            }
            let changed = try await sandbox.put(#"{"polygon":{"truncated_rate":1}}"#, on: loop)
            #expect(changed == 200)
            await #expect(throws: (any Error).self) { _ = try await sandbox.get("/v2/aggs/ticker/AAPL/prev", on: loop) }
        }
    }
}
