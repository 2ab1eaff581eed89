import EventLoop
import Postgres
import Store
import Synchronization
import Testing
import TestSupport

/// Quotas and rests, as several processes see them: each has a loop and connections of its own, all one database.
@Suite struct BudgetStoreTests {
    private struct Process {
        let loop: Loop
        let store: Local<Store>

        init(_ configuration: PostgresConfiguration, migrating: Bool = false) throws {
            let loop = try Loop(name: "process")
            self.loop = loop
            store = try loop.runBlocking { loop in
                if migrating {
                    let connection = try await PostgresConnection.connect(configuration, on: loop)
                    _ = try await Store.migrate(connection, datasets: [])
                    connection.close()
                }
                return loop.keep(Store(pool: PostgresPool(configuration, size: 3, on: loop, waitLimit: .seconds(30))))
            }
        }

        func run<T: Sendable>(_ body: @escaping @Sendable (isolated Loop, Store) async throws -> T) async throws -> T {
            let store = store
            return try await loop.run { loop in try await body(loop, loop[store]) }
        }

        func stop() {
            let store = store
            try? loop.runBlocking { loop in loop[store].pool.close() }
            loop.stop()
        }
    }

    private func withProcesses(_ count: Int, quota: Int, window: Int, _ body: ([Process]) async throws -> Void) async throws {
        let configuration = try PostgresConfiguration(try TestServers.postgres())
        var processes = [try Process(configuration, migrating: true)]
        for _ in 1..<count { processes.append(try Process(configuration)) }
        defer { processes.forEach { $0.stop() } }
        try await processes[0].run { _, store in
            try await store.declareBudget(upstream: "u", quota: quota, windowSeconds: window)
        }
        try await body(processes)
    }

    /// How many were granted; 0 where none.
    private static func count(_ store: Store, wanted: Int, now: Double) async throws -> Int {
        try await grant(store, wanted: wanted, now: now)?.count ?? 0
    }

    /// Whether one was granted that goes first.
    private static func isProbe(_ store: Store) async throws -> Bool {
        try await grant(store, wanted: 1, now: 0)?.isProbe ?? false
    }

    private static func grant(_ store: Store, wanted: Int, now: Double, goodFor: Double = 0) async throws -> Store.Grant? {
        let answer = try await store.reserve(upstream: "u", wanted: wanted, now: now, goodFor: goodFor)
        return if case .granted(let grant) = answer { grant } else { nil }
    }

    @Test func aBudgetHoldsInEveryWindow() async throws {
        try await withProcesses(1, quota: 3, window: 60) { processes in
            try await processes[0].run { _, store in
                let first = try await Self.count(store, wanted: 2, now: 100)
                #expect(first == 2)
                #expect(try await Self.count(store, wanted: 5, now: 130) == 1)
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 159) == .wait(seconds: 2))
                // A second more than the window: upstreams count whole seconds, and requests are on their way for a while.
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 160.5) == .wait(seconds: 0.5))
                // The first two fall out of the window; the third is still in it.
                #expect(try await Self.count(store, wanted: 9, now: 161) == 2)
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 162) == .wait(seconds: 29))
                #expect(try await store.spent(upstream: "u", now: 162).spent == 3)
            }
        }
    }

    @Test func aSpendCountsFromTheEndOfItsLife() async throws {
        try await withProcesses(1, quota: 1, window: 60) { processes in
            try await processes[0].run { _, store in
                let first = try await Self.grant(store, wanted: 1, now: 100, goodFor: 10)
                #expect(first?.spentAt == 110)
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 161) == .wait(seconds: 10))
                #expect(try await Self.count(store, wanted: 1, now: 171) == 1)
            }
        }
    }

    @Test func whatIsGivenBackMayBeSpentAgain() async throws {
        try await withProcesses(2, quota: 10, window: 60) { processes in
            let grant = try #require(
                try await processes[0].run { _, store in try await Self.grant(store, wanted: 10, now: 0.25) })
            #expect(grant.count == 10)
            try await processes[1].run { _, store in
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 1) == .wait(seconds: 60.25))
                try await store.giveBack(upstream: "u", Store.Grant(count: 4, spentAt: grant.spentAt, isProbe: false))
                #expect(try await Self.count(store, wanted: 9, now: 1) == 4)
                try await store.giveBack(upstream: "u", Store.Grant(count: 6, spentAt: grant.spentAt, isProbe: false))
                #expect(try await Self.count(store, wanted: 9, now: 1) == 6)
                #expect(try await Self.count(store, wanted: 1, now: 1) == 0)
            }
        }
    }

    /// One process's story: reserves again and again as time goes on, sends each at some moment between the grant's arrival and its
    /// end, gives some back. Returns the moments of sending.
    private static func story(_ store: Store, seed: UInt64, clock: Clock) async throws -> [Double] {
        var dice = Dice(seed)
        var sent: [Double] = []
        for _ in 0..<120 {
            let now = clock.move(by: dice.next() * 0.2)
            let life = dice.next() * 2
            switch try await store.reserve(upstream: "u", wanted: 1 + Int(dice.next() * 6), now: now, goodFor: life) {
            case .granted(let grant):
                // Others may have moved the clock meanwhile; what came too late is not sent.
                let arrival = clock.now
                var returned = dice.next() < 0.2 ? Int(dice.next() * Double(grant.count)) : 0
                if arrival > now + life { returned = grant.count }
                for _ in 0..<(grant.count - returned) { sent.append(arrival + dice.next() * (now + life - arrival)) }
                if returned > 0 {
                    try await store.giveBack(upstream: "u", Store.Grant(count: returned, spentAt: grant.spentAt, isProbe: false))
                }
            case .wait(let seconds): clock.move(to: now + seconds)
            case .resting: Issue.record("nobody asked for a rest")
            }
        }
        return sent
    }

    /// One time for all processes.
    private final class Clock: Sendable {
        private let time = Mutex(1000.0)
        var now: Double { time.withLock { $0 } }
        func move(to instant: Double) { time.withLock { $0 = max($0, instant) } }
        func move(by seconds: Double) -> Double {
            time.withLock {
                $0 += seconds
                return $0
            }
        }
    }

    private struct Dice {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
        mutating func next() -> Double {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Double((state &* 0x2545_F491_4F6C_DD1D) >> 11) / Double(1 << 53)
        }
    }

    /// Whatever three processes do at once, no window holds more than the quota. The seed is in the test's name.
    @Test(arguments: [1, 2, 3, 4] as [UInt64], [7, 1500])
    func noWindowEverHoldsMoreThanTheQuota(seed: UInt64, quota: Int) async throws {
        let window = 5.0
        try await withProcesses(3, quota: quota, window: Int(window)) { processes in
            let clock = Clock()
            let sent = try await withThrowingTaskGroup(of: [Double].self) { group in
                for (place, process) in processes.enumerated() {
                    group.addTask {
                        try await process.run { _, store in try await Self.story(store, seed: seed * 100 + UInt64(place), clock: clock) }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }.sorted()
            }
            #expect(sent.count > min(quota, 200), "something was spent, and a small quota more than once over")
            var (first, most) = (0, 0)
            for last in sent.indices {
                while sent[first] <= sent[last] - window { first += 1 }
                most = max(most, last - first + 1)
            }
            #expect(most <= quota, "\(most) in one window")
        }
    }

    @Test func manyAtOnceNeverOverspend() async throws {
        try await withProcesses(3, quota: 10, window: 60) { processes in
            let granted = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<30 {
                    group.addTask {
                        try await processes[index % 3].run { _, store in
                            try await Self.grant(store, wanted: 1, now: 0)?.count ?? 0
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(granted == 10)
        }
    }

    @Test func aRestIsEverybodysAndOneGoesFirst() async throws {
        try await withProcesses(2, quota: 100, window: 60) { processes in
            let (told, other) = (processes[0], processes[1])
            let rest = try await told.run { _, store in
                try await store.rest(upstream: "u", seconds: 600, sentAgo: 0.1, wasProbe: false)
            }
            #expect(rest == Store.Rest(seconds: 600, before: 0))
            try await other.run { _, store in
                guard case .resting(let seconds) = try await store.reserve(upstream: "u", wanted: 1, now: 0) else {
                    Issue.record("the other process may send while the first was told to wait")
                    return
                }
                #expect(seconds > 500 && seconds <= 600)
                // The rest is over.
                try await store.pool.query("update budgets set quiet_until = clock_timestamp() - interval '1 second'")
                let probe = try await Self.grant(store, wanted: 9, now: 0)
                #expect(probe?.isProbe == true && probe?.count == 1)
            }
            try await told.run { _, store in
                guard case .resting = try await store.reserve(upstream: "u", wanted: 1, now: 0) else {
                    Issue.record("two probes at once")
                    return
                }
            }
            try await other.run { _, store in try await store.probeEnded(upstream: "u", isWell: true) }
            try await told.run { _, store in
                let grant = try await Self.grant(store, wanted: 9, now: 0)
                #expect(grant?.isProbe == false && grant?.count == 9)
            }
        }
    }

    @Test func aProbeThatNobodySpeaksOfIsTakenOver() async throws {
        try await withProcesses(2, quota: 100, window: 60) { processes in
            try await processes[0].run { _, store in
                _ = try await store.rest(upstream: "u", seconds: 600, sentAgo: 0, wasProbe: false)
                try await store.pool.query("update budgets set quiet_until = clock_timestamp() - interval '1 second'")
                #expect(try await Self.isProbe(store))
                // Its holder was killed, and its time is over.
                try await store.pool.query("update budgets set probe_until = clock_timestamp() - interval '1 second'")
            }
            try await processes[1].run { _, store in
                let second = try #require(try await Self.grant(store, wanted: 1, now: 0))
                #expect(second.isProbe)
                // One that was not sent leaves its place to the next at once.
                try await store.giveBack(upstream: "u", second)
                #expect(try await Self.isProbe(store))
            }
        }
    }

    @Test func restsWithoutATimeDoubleAndRefusalsOfOneMomentCountOnce() async throws {
        try await withProcesses(1, quota: 100, window: 60) { processes in
            try await processes[0].run { _, store in
                try await store.declareBudget(upstream: "u", quota: 90, windowSeconds: 60)
                func refuse(_ seconds: Double?, sentAgo: Double) async throws -> Double {
                    try await store.rest(upstream: "u", seconds: seconds, sentAgo: sentAgo, wasProbe: true, doublingMax: 5).seconds
                }
                func pass() async throws {
                    // The rest was a minute ago.
                    try await store.pool.query("""
                        update budgets set quiet_until = quiet_until - interval '1 minute', rested_at = rested_at - interval '1 minute'
                        """)
                }
                for expected in [1.0, 2, 4, 5, 5] {
                    #expect(try await refuse(nil, sentAgo: 0) == expected)
                    // During the rest, and after it for a request that was sent before it began: the same refusal once more.
                    #expect(try await refuse(nil, sentAgo: 30) <= expected)
                    try await pass()
                    #expect(try await refuse(nil, sentAgo: 120) == 0)
                }
                #expect(try await refuse(0, sentAgo: 0) == 5, "no time at all names none")
                try await pass()
                #expect(try await refuse(10 * 365 * 86_400, sentAgo: 0) == 3600, "ten years are not believed")
                #expect(try await refuse(7, sentAgo: 0) > 3500, "a shorter word takes nothing back")
                try await pass()
                try await store.probeEnded(upstream: "u", isWell: true)
                try await store.pool.query("update budgets set quiet_until = null, rested_at = null")
                #expect(try await refuse(nil, sentAgo: 0) == 1)
            }
        }
    }
}
