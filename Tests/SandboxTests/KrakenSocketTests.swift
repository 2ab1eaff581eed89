import EventLoop
import Foundation
import HTTP
import Testing

@testable import Sandbox

@Suite struct KrakenSocketTests {
    private func withSandbox(_ body: @escaping @Sendable (isolated Loop, Address) async throws -> Void) async throws {
        let loop = try Loop(name: "sandbox-test")
        defer { loop.stop() }
        try await loop.run { loop in
            let configuration = exchange(begin: morning - 2 * 86_400, only: ["XBTUSD"])
            let sandbox = try Sandbox(configuration, on: loop, address: .tcp(host: "127.0.0.1", port: 0))
            let local = loop.keep(sandbox)
            let address = sandbox.address
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in await loop[local].run(on: loop) } }
                defer { loop.beginClosing() }
                try await body(loop, address)
            }
        }
    }

    private func get(_ address: Address, _ path: String, on loop: Loop) async throws -> HTTPClient.Answer {
        try await HTTPClient.get(address, path, on: loop, until: .after(.seconds(30)))
    }

    private func put(_ address: Address, _ faults: String, on loop: Loop) async throws -> Int {
        try await HTTPClient.send(
            "PUT", address, "/_sandbox/faults", headers: [], body: Array(faults.utf8), on: loop, until: .after(.seconds(30))
        ).status
    }

    private let ohlc = "/0/public/OHLC?pair=XBTUSD&interval=60"

    @Test func bothUpstreamsShareThePort() async throws {
        try await withSandbox { loop, address in
            let candles = try await get(address, ohlc, on: loop)
            #expect(candles.status == 200 && candles.text.hasPrefix(#"{"error":[],"result":{"XXBTZUSD":[["#))
            let day = "/costo-marginal-online/v4/findByDate?startDate=2025-03-20&endDate=2025-03-20&user_key=k"
            let prices = try await get(address, day, on: loop)
            #expect(prices.status == 200)
            let other = try await get(address, "/0/private/Balance", on: loop)
            #expect(other.status == 200 && other.text == #"{"error":["EGeneral:Unknown method"]}"#)
            let calls = try await get(address, "/_sandbox/calls", on: loop).text
            #expect(calls.components(separatedBy: #""upstream":"kraken""#).count == 3)
            #expect(calls.components(separatedBy: #""upstream":"sip""#).count == 2)
            let state = try await get(address, "/_sandbox", on: loop).text
            #expect(state.hasSuffix(#""pairs":["XBTUSD"]}"#))
            let truth = "/_sandbox/truth?dataset=kraken&pair=XBTUSD&interval=60&from=2025-03-20&to=2025-03-21"
            #expect(try await get(address, truth, on: loop).body.split(separator: 10).count == 24)
            #expect(try await get(address, truth + "&kind=x&pair=NOPE", on: loop).status == 200)
            for bad in ["interval=7", "pair=XBTUSD&interval=60&from=x"] {
                #expect(try await get(address, "/_sandbox/truth?dataset=kraken&\(bad)", on: loop).status != 200)
            }
        }
    }

    @Test func connectionsBreakAndStall() async throws {
        try await withSandbox { loop, address in
            #expect(try await put(address, #"{"kraken":{"resetRate":1}}"#, on: loop) == 200)
            await #expect(throws: (any Error).self) { _ = try await get(address, ohlc, on: loop) }
            _ = try await put(address, #"{"kraken":{"resetRate":0,"cutBodyRate":1}}"#, on: loop)
            await #expect(throws: (any Error).self) { _ = try await get(address, ohlc, on: loop) }
            _ = try await put(address, #"{"kraken":{"cutBodyRate":0,"stallRate":1}}"#, on: loop)
            await #expect(throws: WaitError.timedOut) {
                _ = try await HTTPClient.get(address, ohlc, on: loop, until: .after(.milliseconds(300)))
            }
            _ = try await put(address, #"{"kraken":{"stallRate":0,"http520Rate":1}}"#, on: loop)
            let odd = try await get(address, ohlc, on: loop)
            #expect(odd.status == 520 && odd.header("content-type") == "text/html")
            let calls = try await get(address, "/_sandbox/calls", on: loop).text
            #expect(calls.contains(#""status":0,"rows":0,"spoiled":0,"upstream":"kraken""#))
        }
    }
}
