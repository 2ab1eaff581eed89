import Bytes
import Codec
import EventLoop
import HTTP
import Testing

@testable import Sandbox

@Suite struct KeepaSocketTests {
    private let path = "/keepa/product?key=secret-one&domain=1&stats=90&asin=B0TEST0001,B0TEST0002"

    @Test func answersArePackedAndTheKeyIsNeverTold() async throws {
        try await SandboxUnderTest.with({ keepaConfiguration() }) { loop, sandbox in
            let plain = try await sandbox.get(path, on: loop)
            let packed = try await HTTPClient.get(
                sandbox.address, path, headers: [("Accept-Encoding", "deflate, gzip")], on: loop, until: .after(.seconds(30)))
            #expect(plain.status == 200 && plain.header("content-encoding") == nil && packed.header("content-encoding") == "gzip")
            let first = try JSONValue(parsing: plain.body), second = try JSONValue(parsing: gunzip(packed.body, limit: 10_000_000))
            #expect(first["products"] == second["products"] && second["tokensConsumed"]?.int == 2)
            #expect(plain.header("content-type") == "application/json;charset=UTF-8" && packed.body.count < plain.body.count)
            let missing = try await HTTPClient.get(
                sandbox.address, "/keepa/deal?key=k", headers: [("Accept-Encoding", "gzip")], on: loop, until: .after(.seconds(30)))
            let envelope = try JSONValue(parsing: gunzip(missing.body, limit: 10_000))
            #expect(missing.status == 404 && envelope["refillRate"]?.int == 10_000 && envelope["error"]?["type"]?.string == "notFound")
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.contains(#""rows":2,"spoiled":0,"upstream":"keepa","tokensConsumed":2}"#) && !calls.contains("-one"))
        }
    }

    @Test func planIsChangedBesideIt() async throws {
        try await SandboxUnderTest.with({ keepaConfiguration { $0.keepa.refillRate = 5 } }) { loop, sandbox in
            let begin = try await sandbox.get("/_sandbox/keepa", on: loop).text
            #expect(begin.hasPrefix(#"{"refill_rate":5,"token_flow_reduction":0.0,"price":1,"tokens_left":300,"lowest":300,"#))
            let body = Array(#"{"refill_rate":25,"token_flow_reduction":0.5,"tokens_left":1}"#.utf8)
            let changed = try await HTTPClient.send(
                "PUT", sandbox.address, "/_sandbox/keepa", headers: [], body: body, on: loop, until: .after(.seconds(30)))
            let plan = #""refill_rate":25,"token_flow_reduction":0.5,"price":1,"tokens_left":1"#
            #expect(changed.status == 200 && changed.text.contains(plan))
            let first = try await sandbox.get(path, on: loop), second = try await sandbox.get(path, on: loop)
            #expect(first.status == 200 && second.status == 429 && second.text.contains(#""tokensLeft":-1,"#))
            let token = try await sandbox.get("/keepa/token?key=secret-one", on: loop)
            #expect(token.status == 200 && token.text.contains(#""refillRate":25,"tokenFlowReduction":0.5,"tokensConsumed":0"#))
            let end = try await sandbox.get("/_sandbox/keepa", on: loop).text
            #expect(end.hasSuffix(#""tokens_left":-1,"lowest":-1,"consumed":2,"refused":1,"keys":1}"#))
            let truth = try await sandbox.get("/_sandbox/truth?dataset=keepa&asin=B0TEST0001", on: loop)
            #expect(truth.status == 200)
            #expect(truth.text.hasPrefix(#"{"asin":"B0TEST0001","domain":1,"at":1749652200,"known":true,"title":""#))
            let kept = try await sandbox.get("/_sandbox/keepa/kept?from=2025-06-11&to=2025-06-12&period=3600", on: loop)
            #expect(kept.text.hasPrefix(#"{"asins":2,"periods":24,"kept":2,"first":1749600000,"by_period":[0,"#))
            #expect(try await sandbox.put(#"{"keepa":{"reset_rate":1}}"#, on: loop) == 200)
            _ = try await HTTPClient.send(
                "PUT", sandbox.address, "/_sandbox/keepa", headers: [], body: Array(#"{"tokens_left":9}"#.utf8), on: loop,
                until: .after(.seconds(30)))
            await #expect(throws: (any Error).self) { _ = try await sandbox.get(path, on: loop) }
        }
    }
}
