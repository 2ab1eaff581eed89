import EventLoop
import Postgres
import Store
import Testing
import TestSupport

/// Quotas and rests, as several processes see them: each has a loop and connections of its own, all one database.
@Suite struct BudgetStoreTests {
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
        try await StoreProcess.with(1, quota: 3, window: 60) { processes in
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
                #expect(try await store.budgetStates(upstream: "u", now: 162).first?.counted == 3)
            }
        }
    }

    @Test func aSpendCountsFromTheEndOfItsLife() async throws {
        try await StoreProcess.with(1, quota: 1, window: 60) { processes in
            try await processes[0].run { _, store in
                let first = try await Self.grant(store, wanted: 1, now: 100, goodFor: 10)
                #expect(first?.spentAt == 110)
                #expect(try await store.reserve(upstream: "u", wanted: 1, now: 161) == .wait(seconds: 10))
                #expect(try await Self.count(store, wanted: 1, now: 171) == 1)
            }
        }
    }

    @Test func whatIsGivenBackMayBeSpentAgain() async throws {
        try await StoreProcess.with(2, quota: 10, window: 60) { processes in
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

    /// Whatever three processes do at once, no window holds more than the quota. The seed is in the test's name.
    @Test(arguments: [1, 2, 3, 4] as [UInt64], [7, 1500])
    func noWindowEverHoldsMoreThanTheQuota(seed: UInt64, quota: Int) async throws {
        let window = 5.0
        try await StoreProcess.with(3, quota: quota, window: Int(window)) { processes in
            let clock = BudgetStory.Clock()
            let sent = try await withThrowingTaskGroup(of: [Double].self) { group in
                for (place, process) in processes.enumerated() {
                    group.addTask {
                        try await process.run { _, store in
                            try await BudgetStory.tell(store, seed: seed * 100 + UInt64(place), clock: clock)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }.sorted()
            }
            #expect(sent.count > min(quota, 200), "something was spent, and a small quota more than once over")
            let most = BudgetStory.most(sent, window: window)
            #expect(most <= quota, "\(most) in one window")
        }
    }

    @Test func manyAtOnceNeverOverspend() async throws {
        try await StoreProcess.with(3, quota: 10, window: 60) { processes in
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
        try await StoreProcess.with(2, quota: 100, window: 60) { processes in
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
        try await StoreProcess.with(2, quota: 100, window: 60) { processes in
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
        try await StoreProcess.with(1, quota: 100, window: 60) { processes in
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
