import Bytes
import EventLoop
import Foundation
import HTTP
import Testing

@testable import Sandbox

@Suite struct MetricsSocketTests {
    private let path = "/v2/metrics/daily?dates=20250604&include-total=1"

    private func get(_ path: String, key: String?, _ sandbox: SandboxUnderTest, _ loop: Loop) async throws -> HTTPClient.Answer {
        try await HTTPClient.get(
            sandbox.address, path, headers: key.map { [("apiKey", $0)] } ?? [], on: loop, until: .after(.seconds(30)))
    }

    @Test func keysAreAskedForAndNeverTold() async throws {
        try await SandboxUnderTest.with({ metricsConfiguration(10) { $0.keys = ["right-one"] } }) { loop, sandbox in
            let good = try await get(path, key: "right-one", sandbox, loop)
            #expect(good.status == 200 && good.text.hasPrefix(#"{"Status":"ok","Data":{"data":[{"accountId":1000"#))
            #expect(good.header("content-type") == "application/json; charset=utf-8")
            let wrong = try await get(path, key: "wrong-one", sandbox, loop), none = try await get(path, key: nil, sandbox, loop)
            #expect(wrong.status == 401 && wrong.text == #"{"Status":"error","Error":"apiKey is not valid"}"#)
            #expect(none.status == 401 && none.text == #"{"Status":"error","Error":"apiKey is missing"}"#)
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.components(separatedBy: #""upstream":"metrics""#).count == 4 && !calls.contains("-one"))
            #expect(calls.contains(#""key":1,"path":"/v2/metrics/daily","query":"dates=20250604&include-total=1","status":200"#))
            let state = try await sandbox.get("/_sandbox", on: loop).text
            #expect(state.hasSuffix(#""accounts":10}"#))
        }
    }

    @Test func wireGoesWrong() async throws {
        try await SandboxUnderTest.with({ metricsConfiguration(10) }) { loop, sandbox in
            #expect(try await sandbox.put(#"{"metrics":{"maxURL":100}}"#, on: loop) == 200)
            let short = try await get(path, key: nil, sandbox, loop)
            let long = try await get(path + "&accountIds=" + String(repeating: "100000,", count: 10), key: nil, sandbox, loop)
            #expect(short.status == 200 && long.status == 414)
            for fault in ["resetRate", "cutBodyRate"] {
                #expect(try await sandbox.put(#"{"metrics":{"\#(fault)":1}}"#, on: loop) == 200)
                await #expect(throws: (any Error).self) { _ = try await get(path, key: nil, sandbox, loop) }
                #expect(try await sandbox.put(#"{"metrics":{"\#(fault)":0}}"#, on: loop) == 200)
            }
            _ = try await sandbox.put(#"{"metrics":{"rateLimit":{"perSecond":0.01,"burst":1}}}"#, on: loop)
            let first = try await get(path, key: "a", sandbox, loop), second = try await get(path, key: "a", sandbox, loop)
            #expect(first.status == 200 && second.status == 429 && second.header("retry-after") == "1")
            #expect(second.text == #"{"Status":"error","Error":"Too many requests"}"#)
            let other = try await HTTPClient.post(
                sandbox.address, path, headers: [("apiKey", "b")], body: [], on: loop, until: .after(.seconds(30)))
            #expect(other.status == 405)
        }
    }

    @Test func truthIsToldBesideIt() async throws {
        try await SandboxUnderTest.with({ metricsConfiguration(10) }) { loop, sandbox in
            let truth = "/_sandbox/truth?dataset=accounts&from=2025-06-04&to=2025-06-05"
            let hours = try await sandbox.get(truth, on: loop)
            #expect(hours.status == 200 && hours.body.split(separator: 10).count % 24 == 0)
            let days = try await sandbox.get(truth + "&kind=days&brief=1", on: loop)
            #expect(days.text.hasPrefix(#"{"account_id":"1000"#) && !days.text.contains("metrics"))
            for (bad, status) in [("&kind=x", 400), ("&account_id=5", 404), ("&fate=x", 400)] {
                #expect(try await sandbox.get(truth + bad, on: loop).status == status)
            }
            #expect(try await sandbox.get("/_sandbox/truth?dataset=accounts&from=x&to=2025-06-05", on: loop).status == 400)
        }
    }

    @Test func tenThousandAccountsAreServed() async throws {
        try await SandboxUnderTest.with({ metricsConfiguration(10_000) { $0.metrics.isSteady = true } }) { loop, sandbox in
            let page = try await get(path + "&limit=1000&skip=9000", key: nil, sandbox, loop)
            let document = try JSONValue(parsing: page.body, limit: 3_000_000)
            #expect(document["Data"]?["count"]?.int == 1_000 && document["Data"]?["total"]?.int == 10_000)
        }
    }
}
