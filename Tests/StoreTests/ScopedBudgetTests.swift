import EventLoop
import Postgres
import Series
import Store
import Testing
import TestSupport

/// Budgets of scopes: each has the upstream's quota for itself, and rests by itself.
@Suite struct ScopedBudgetTests {
    private static func isGranted(_ store: Store, _ scope: String?, now: Double) async throws -> Bool {
        if case .granted = try await store.reserve(upstream: "u", scope: scope, wanted: 1, now: now) { true } else { false }
    }

    @Test func twoScopesDoNotWaitForEachOther() async throws {
        try await StoreProcess.with(2, quota: 1, window: 1) { processes in
            try await processes[0].run { _, store in
                for scope in ["a", "b", nil] {
                    let isGranted = try await Self.isGranted(store, scope, now: 100)
                    #expect(isGranted)
                }
            }
            try await processes[1].run { _, store in
                for scope in ["a", "b", nil] {
                    guard case .wait(let seconds) = try await store.reserve(upstream: "u", scope: scope, wanted: 1, now: 100.5) else {
                        Issue.record("the other process may send a second request of \(scope ?? "all") in the same second")
                        continue
                    }
                    // A tenth more than the window, not a second more: that would double it.
                    #expect(abs(seconds - 0.6) < 0.001)
                    #expect(try await Self.isGranted(store, scope, now: 101.1001) == true)
                }
            }
        }
    }

    @Test func anUpstreamThatNobodyDeclaredHasNoScopes() async throws {
        try await StoreProcess.with(1, quota: 1, window: 1) { processes in
            try await processes[0].run { _, store in
                do {
                    _ = try await store.reserve(upstream: "other", scope: "a", wanted: 1, now: 100)
                    Issue.record("nobody said what it lets through")
                } catch {}
            }
        }
    }

    @Test func theRuleIsTheUpstreams() async throws {
        try await StoreProcess.with(1, quota: 1, window: 60) { processes in
            try await processes[0].run { _, store in
                #expect(try await Self.isGranted(store, "a", now: 100))
                #expect(try await Self.isGranted(store, "a", now: 101) == false)
                try await store.declareBudget(upstream: "u", quota: 2, windowSeconds: 60)
                #expect(try await Self.isGranted(store, "a", now: 101) == true)
                #expect(try await Self.isGranted(store, "a", now: 101) == false)
            }
        }
    }

    @Test func oneThatRestsLeavesTheOther() async throws {
        try await StoreProcess.with(2, quota: 100, window: 60) { processes in
            try await processes[0].run { _, store in
                let rest = try await store.rest(upstream: "u", scope: "a", seconds: 600, sentAgo: 0.1, wasProbe: false)
                #expect(rest == Store.Rest(seconds: 600, before: 0))
            }
            try await processes[1].run { _, store in
                guard case .resting = try await store.reserve(upstream: "u", scope: "a", wanted: 1, now: 0) else {
                    Issue.record("a rest is everybody's")
                    return
                }
                for scope in ["b", nil] { #expect(try await Self.isGranted(store, scope, now: 0) == true) }
                // Its probe is its own as well.
                try await store.pool.query("update budgets set quiet_until = clock_timestamp() - interval '1 second' where scope = 'a'")
                guard case .granted(let probe) = try await store.reserve(upstream: "u", scope: "a", wanted: 9, now: 0),
                    case .granted(let others) = try await store.reserve(upstream: "u", scope: "b", wanted: 9, now: 0)
                else {
                    Issue.record("the rest is over")
                    return
                }
                #expect(probe.isProbe && probe.count == 1 && !others.isProbe && others.count == 9)
                try await store.probeEnded(upstream: "u", scope: "b", isWell: true)
                #expect(try await Self.isGranted(store, "a", now: 0) == false, "another's good answer says nothing of it")
                try await store.probeEnded(upstream: "u", scope: "a", isWell: true)
                #expect(try await Self.isGranted(store, "a", now: 0) == true)
            }
        }
    }

    @Test func whatIsGivenBackIsTheScopes() async throws {
        try await StoreProcess.with(1, quota: 1, window: 60) { processes in
            try await processes[0].run { _, store in
                for scope in ["a", "b"] { #expect(try await Self.isGranted(store, scope, now: 100)) }
                try await store.giveBack(upstream: "u", scope: "a", Store.Grant(count: 1, spentAt: 100, isProbe: false))
                #expect(try await Self.isGranted(store, "b", now: 101) == false)
                #expect(try await Self.isGranted(store, "a", now: 101) == true)
            }
        }
    }

    /// Whatever two processes do with two scopes at once, no scope's window holds more than the quota. The seed is in the test's name.
    @Test(arguments: [1, 2, 3] as [UInt64], [(quota: 1, window: 1), (quota: 3, window: 2)])
    func noWindowOfAScopeHoldsMoreThanTheQuota(seed: UInt64, rate: (quota: Int, window: Int)) async throws {
        try await StoreProcess.with(2, quota: rate.quota, window: rate.window) { processes in
            let clock = BudgetStory.Clock()
            let sent = try await withThrowingTaskGroup(of: (String, [Double]).self) { group in
                for (place, process) in processes.enumerated() {
                    for scope in ["a", "b"] {
                        let seed = seed * 100 + UInt64(place) * 10 + (scope == "a" ? 1 : 2)
                        group.addTask {
                            let moments = try await process.run { _, store in
                                try await BudgetStory.tell(store, scope: scope, seed: seed, clock: clock)
                            }
                            return (scope, moments)
                        }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0, default: []] += $1.1 }
            }
            for scope in ["a", "b"] {
                let moments = try #require(sent[scope])
                #expect(moments.count > 20, "something was spent")
                let most = BudgetStory.most(moments, window: Double(rate.window))
                #expect(most <= rate.quota, "\(most) of \(scope) in one window")
            }
        }
    }

    @Test func scopesInUseAreShownAndIdleOnesGo() async throws {
        try await StoreProcess.with(2, quota: 2, window: 60) { processes in
            try await processes[0].run { _, store in
                for (scope, at) in [("a", 1000.0), ("b", 8000), ("b", 8001), ("c", 8002)] {
                    #expect(try await Self.isGranted(store, scope, now: at) == true)
                }
                _ = try await store.rest(upstream: "u", scope: "resting", seconds: 600, sentAgo: 0, wasProbe: false)
                let state = try #require(try await store.budgetStates(upstream: "u", now: 8010).first)
                #expect(state.scope == nil && state.counted == 0 && state.quota == 2)
                #expect(state.scopes.map(\.scope) == ["b", "c", "resting"])
                #expect(state.busiest.map(\.scope) == ["resting", "b", "c"] && state.worst.scope == "resting")
                #expect(state.of("b").left == 0 && state.of("c").left == 1 && state.of("a").left == 2 && state.of(nil).left == 2)
                #expect(state.of("a").nextAt(now: 8010, clock: Self.clock) == 8010)
                #expect(state.of("b").nextAt(now: 8010, clock: Self.clock) == 8061)
                #expect(try await store.budgetStates(now: 8010).count == 1, "one entry an upstream")

                #expect(try await store.sweepScopes(now: 8010) == false)
                func left() async throws -> [String] {
                    try await store.pool.query("select scope from budgets order by scope").map { try $0.string(0) }
                }
                #expect(try await left() == ["", "b", "c", "resting"])
                #expect(try await store.sweepScopes(now: 8002 + 3600 + 121) == false)
                #expect(try await left() == ["", "resting"])
                #expect(try await Self.isGranted(store, "a", now: 20_000) == true, "and may come back")
            }
        }
    }

    private static let clock = ServiceClock(Store.StoredClock(realAt: 0, shownAt: 0, speed: 1))
}
