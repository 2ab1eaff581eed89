import EventLoop
import Foundation
import HTTP
import Synchronization
import Testing

@testable import Sandbox

@Suite struct SocketTests {
    private func withSandbox(
        _ change: @escaping @Sendable (inout Sandbox.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (isolated Loop, SandboxUnderTest) async throws -> Void
    ) async throws {
        try await SandboxUnderTest.with({
            var configuration = Sandbox.Configuration()
            configuration.clockStart = noon
            configuration.clockSpeed = 0
            change(&configuration)
            return configuration
        }, body)
    }

    private let day = "/costo-marginal-online/v4/findByDate?startDate=2025-12-01&endDate=2025-12-01&user_key=k"

    @Test func scanCollectsTheDay() async throws {
        try await withSandbox { loop, sandbox in
            var rows: Set<Record> = []
            var page = 1, pages = 1
            while page <= pages {
                let answer = try await sandbox.get(day + "&limit=1000&page=\(page)", on: loop)
                #expect(answer.status == 200 && answer.header("content-type") == "application/json;charset=UTF-8")
                let decoded = try JSONDecoder().decode(Page.self, from: Data(answer.body))
                rows.formUnion(decoded.data)
                pages = try #require(decoded.totalPages)
                page += 1
            }
            #expect(pages == 4 && rows.count == 3_840)
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.hasPrefix(#"{"total":4,"calls":[{"number":0,"#) && !calls.contains("user_key"))
            let one = try await sandbox.get(day + "&bar_transf=PE%C3%91ABLANCA____013&limit=200&page=0", on: loop)
            let filtered = try JSONDecoder().decode(Page.self, from: Data(one.body))
            #expect(filtered.data.count == 96 && filtered.data.allSatisfy { $0.barra_transf == "PEÑABLANCA____013" })
        }
    }

    @Test func gatewayRefusesAsItDoes() async throws {
        try await withSandbox({ $0.keys = ["right"] }) { loop, sandbox in
            let lost = try await sandbox.get("/generacion-real/v3/findByDate?user_key=right", on: loop)
            #expect(lost.status == 404 && lost.text == "No Mapping Rule matched")
            let wrong = try await sandbox.get(day, on: loop)
            #expect(wrong.status == 403 && wrong.text == "Authentication failed")
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.contains(#""total":2"#) && !calls.contains("right"))
        }
    }

    @Test func faultsAreSwitchedWhileItRuns() async throws {
        try await withSandbox { loop, sandbox in
            #expect(try await sandbox.put(#"{"cutBodyRate":1}"#, on: loop) == 200)
            await #expect(throws: (any Error).self) { _ = try await sandbox.get(day + "&limit=1000", on: loop) }
            #expect(try await sandbox.put(#"{"cutBodyRate":0,"throttle":{"perHour":2,"retryAfter":9},"latencyMs":1}"#, on: loop) == 200)
            let second = try await sandbox.get(day, on: loop)
            let third = try await sandbox.get(day, on: loop)
            #expect(second.status == 200 && third.status == 429 && third.header("retry-after") == "9")
            #expect(try await sandbox.put(#"{"cutBodyRate":7}"#, on: loop) == 400)
            let shown = try await sandbox.get("/_sandbox/faults", on: loop).text
            #expect(shown.contains(#""throttle":{"perHour":2,"retryAfter":9}"#) && shown.contains(#""cutBodyRate":0.0"#))
        }
    }

    @Test func truthIsToldByInstant() async throws {
        try await withSandbox { loop, sandbox in
            let whole = try await sandbox.get("/_sandbox/truth?from=2025-04-05&to=2025-04-06&node=PIDPID________110", on: loop)
            #expect(whole.status == 200 && whole.body.split(separator: 10).count == 100)
            let hour = "/_sandbox/truth?from=2025-12-01T00:00:00-03:00&to=2025-12-01T01:00:00-03:00"
            let all = try await sandbox.get(hour, on: loop)
            #expect(all.body.split(separator: 10).count == 160)
            #expect(all.text.hasPrefix(#"{"node":"CHILOE________220","instant":1764558000,"at":"2025-12-01T00:00:00-03:00","usd":"#))
            #expect(try await sandbox.get("/_sandbox/truth?from=x&to=2025-12-01", on: loop).status == 400)
            #expect(try await sandbox.get(hour + "&node=NOBODY", on: loop).status == 404)
        }
    }

    @Test func waitsAreBesideEachOtherAndTooManyAreRefused() async throws {
        try await withSandbox { loop, sandbox in
            _ = try await sandbox.put(#"{"latencyMs":200}"#, on: loop)
            try await together(32, loop, sandbox) { #expect($0 == 200) }
            // None waits for another's wait to end.
            #expect(try await sandbox.get("/_sandbox/calls", on: loop).text.contains(#""mostAtOnce":32"#))
            _ = try await sandbox.put(#"{"parallelLimit":3}"#, on: loop)
            let refused = Mutex(0)
            try await together(8, loop, sandbox) { status in refused.withLock { $0 += status == 429 ? 1 : 0 } }
            #expect(refused.withLock { $0 } == 5)
        }
    }

    private func together(
        _ count: Int, _ loop: isolated Loop, _ sandbox: SandboxUnderTest, _ judge: @escaping @Sendable (Int) -> Void
    ) async throws {
        let path = day
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<count {
                group.addTask {
                    try await loop.enter { loop in
                        judge(try await sandbox.get(path, on: loop).status)
                    }
                }
            }
        }
    }

    @Test func someAreNeverAnswered() async throws {
        try await withSandbox { loop, sandbox in
            _ = try await sandbox.put(#"{"timeoutRate":1}"#, on: loop)
            await #expect(throws: WaitError.timedOut) {
                _ = try await sandbox.get(day, on: loop, until: .after(.milliseconds(300)))
            }
            let calls = try await sandbox.get("/_sandbox/calls", on: loop).text
            #expect(calls.contains(#""status":0,"rows":0"#))
        }
    }

    @Test func largeAnswersTakeLonger() async throws {
        try await withSandbox { loop, sandbox in
            _ = try await sandbox.put(#"{"latencyPerThousandRowsMs":200,"latencyPerRecentCallMs":1}"#, on: loop)
            let start = Deadline.now
            let answer = try await sandbox.get(day + "&limit=2000", on: loop)
            #expect(answer.status == 200 && Deadline.now.nanoseconds - start.nanoseconds >= 400_000_000)
        }
    }

    @Test func allListingsAreServed() async throws {
        try await withSandbox { loop, sandbox in
            for source in Source.allCases {
                let answer = try await sandbox.get(
                    source.path + "?startDate=2025-10-01&endDate=2025-10-01&user_key=k&page=1&limit=5", on: loop)
                #expect(answer.status == 200 && answer.text.contains(#""page":1,"limit":5}"#), "\(source)")
            }
            let truth = try await sandbox.get("/_sandbox/truth?source=pid&from=2025-10-01&to=2025-10-02&node=Chiloe110", on: loop)
            #expect(truth.body.split(separator: 10).count == 24)
            #expect(try await sandbox.get("/_sandbox/truth?source=x&from=2025-10-01&to=2025-10-02", on: loop).status == 400)
        }
    }
}
