import EventLoop
import Foundation
import HTTP
import Testing

@testable import Sandbox

@Suite struct KrakenSocketTests {
    private func withSandbox(_ body: @escaping @Sendable (isolated Loop, SandboxUnderTest) async throws -> Void) async throws {
        try await SandboxUnderTest.with({ exchange(begin: morning - 2 * 86_400, only: ["XBTUSD"]) }, body)
    }

    private let ohlc = "/0/public/OHLC?pair=XBTUSD&interval=60"

    @Test func bothUpstreamsShareThePort() async throws {
        try await withSandbox { loop, sandbox in
            let candles = try await sandbox.get(ohlc, on: loop)
            #expect(candles.status == 200 && candles.text.hasPrefix(#"{"error":[],"result":{"XXBTZUSD":[["#))
            let day = "/costo-marginal-online/v4/findByDate?startDate=2025-03-20&endDate=2025-03-20&user_key=k"
            let prices = try await sandbox.get(day, on: loop)
            #expect(prices.status == 200)
            let other = try await sandbox.get("/0/private/Balance", on: loop)
            #expect(other.status == 200 && other.text == #"{"error":["EGeneral:Unknown method"]}"#)
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.components(separatedBy: #""upstream":"kraken""#).count == 3)
            #expect(calls.components(separatedBy: #""upstream":"sip""#).count == 2)
            let state = try await sandbox.get("/_sandbox", on: loop).text
            #expect(state.contains(#""pairs":["XBTUSD"],"#))
            let truth = "/_sandbox/truth?dataset=kraken&pair=XBTUSD&interval=60&from=2025-03-20&to=2025-03-21"
            #expect(try await sandbox.get(truth, on: loop).body.split(separator: 10).count == 24)
            #expect(try await sandbox.get(truth + "&kind=x&pair=NOPE", on: loop).status == 200)
            for bad in ["interval=7", "pair=XBTUSD&interval=60&from=x"] {
                #expect(try await sandbox.get("/_sandbox/truth?dataset=kraken&\(bad)", on: loop).status != 200)
            }
        }
    }

    @Test func connectionsBreakAndStall() async throws {
        try await withSandbox { loop, sandbox in
            #expect(try await sandbox.put(#"{"kraken":{"resetRate":1}}"#, on: loop) == 200)
            await #expect(throws: (any Error).self) { _ = try await sandbox.get(ohlc, on: loop) }
            _ = try await sandbox.put(#"{"kraken":{"resetRate":0,"cutBodyRate":1}}"#, on: loop)
            await #expect(throws: (any Error).self) { _ = try await sandbox.get(ohlc, on: loop) }
            _ = try await sandbox.put(#"{"kraken":{"cutBodyRate":0,"stallRate":1}}"#, on: loop)
            await #expect(throws: WaitError.timedOut) {
                _ = try await sandbox.get(ohlc, on: loop, until: .after(.milliseconds(300)))
            }
            _ = try await sandbox.put(#"{"kraken":{"stallRate":0,"http520Rate":1}}"#, on: loop)
            let odd = try await sandbox.get(ohlc, on: loop)
            #expect(odd.status == 520 && odd.header("content-type") == "text/html")
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.contains(#""status":0,"rows":0,"spoiled":0,"upstream":"kraken""#))
        }
    }
}
