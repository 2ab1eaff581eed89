import Postgres
import Series
import Store
import Testing

/// One bucket of tokens, as several processes see it: each has a loop and connections of its own, all one database.
@Suite struct TokenStoreTests {
    private static let rules = TokenRules(refillPerMinute: 5, capacityMinutes: 60, floor: 20) { _ in nil }

    /// So many processes, and a bucket that an answer has just told of, at 1000 of the shown clock.
    private static func with(
        _ count: Int = 1, left: Double? = 300, _ body: @escaping ([StoreProcess]) async throws -> Void
    ) async throws {
        try await StoreProcess.with(count, quota: 10, window: 60) { processes in
            try await processes[0].run { _, store in
                try await store.declareTokens(upstream: "u", rules, now: 990)
                guard let left else { return }
                let first = try await promised(store, 1, now: 995)
                try await tell(store, first, left: left, cost: 0, now: 1000)
            }
            try await body(processes)
        }
    }

    private static func ask(_ store: Store, _ subjects: Int, price: Double = 10, now: Double = 1000) async throws -> Store.TokenAnswer {
        try await store.reserveTokens(upstream: "u", shape: "s", subjects: subjects, fallback: price, now: now)
    }

    private static func promised(_ store: Store, _ subjects: Int, price: Double = 10, now: Double = 1000) async throws
        -> Store.TokenReservation
    {
        let answer = try await ask(store, subjects, price: price, now: now)
        guard case .granted(let reservation) = answer else { throw StoreError.unavailable("\(answer)") }
        return reservation
    }

    private static func tell(
        _ store: Store, _ reservation: Store.TokenReservation, left: Double, cost: Double, refill: Double = 5, subjects: Int = 1,
        saidAt: Double? = nil, now: Double
    ) async throws {
        try await store.reconcileTokens(
            upstream: "u", reservation,
            TokenReading(left: left, consumed: cost, refillPerMinute: refill, refillIn: 60, saidAt: saidAt ?? now), shape: "s",
            subjects: subjects, fallback: 10, now: now)
    }

    private static func facts(_ store: Store, now: Double = 1000) async throws -> TokenFacts {
        try #require(try await store.tokenFacts(upstream: "u", now: now))
    }

    @Test func theFirstRequestTells() async throws {
        try await Self.with(left: nil) { processes in
            try await processes[0].run { _, store in
                let first = try await Self.promised(store, 1, now: 991)
                #expect(first.amount == 10)
                #expect(try await Self.ask(store, 1, now: 991) == .wait(seconds: 60))
                try await Self.tell(store, first, left: 290, cost: 10, now: 992)
                let facts = try await Self.facts(store, now: 992)
                #expect(facts.balance == 290 && facts.reserved == 0 && facts.spent == 10 && facts.ledger.lowest == 290)
                #expect(facts.prices == ["s": .init(mean: 10, high: 10, samples: 1, at: 992)])
                // What settings say of the bucket changes, what was heard of it does not.
                try await store.declareTokens(
                    upstream: "u", TokenRules(refillPerMinute: 99, capacityMinutes: 30, floor: 7) { _ in nil }, now: 993)
                let after = try await Self.facts(store, now: 993)
                #expect(after.balance == 290 && after.floor == 7 && after.capacity == 150)
                #expect(try await store.tokenFacts(upstream: "other", now: 993) == nil)
                #expect(try await store.budgetStates(upstream: "u", now: 993).first?.tokens == after)
            }
        }
    }

    /// Three processes at once: 280 of 300 may be promised, and never one token more.
    @Test func noMoreIsPromisedThanThereIs() async throws {
        try await Self.with(3) { processes in
            let granted = try await withThrowingTaskGroup(of: Double.self) { group in
                for index in 0..<36 {
                    group.addTask {
                        try await processes[index % 3].run { _, store in
                            if case .granted(let one) = try await Self.ask(store, 2) { one.amount } else { 0 }
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(granted.reduce(0, +) == 280)
            let facts = try await processes[1].run { _, store in try await Self.facts(store) }
            #expect(facts.reserved == 280 && facts.balance == 300)
        }
    }

    @Test func whatWasNotSentIsGivenBack() async throws {
        try await Self.with(left: 100) { processes in
            try await processes[0].run { _, store in
                let one = try await Self.promised(store, 8)
                #expect(try await Self.ask(store, 1) == .wait(seconds: 120))
                try await store.cancelTokens(one)
                #expect(try await Self.promised(store, 8).amount == 80)
            }
        }
    }

    /// A process died with a promise: it may have been sent. Then it counts as spent, once, until an answer tells.
    @Test func whatNobodyAnswersForIsSpent() async throws {
        try await Self.with(2, left: 300) { processes in
            try await processes[0].run { _, store in _ = try await Self.promised(store, 20, now: 1001) }
            try await processes[1].run { _, store in
                let mine = try await Self.promised(store, 1, now: 1002)
                try await store.pool.query("update token_reservations set lease_until = now() - interval '1 second'")
                try await store.renewTokens([mine.id])
                let next = try await Self.promised(store, 1, now: 1003)
                let facts = try await Self.facts(store, now: 1003)
                #expect(facts.balance == 100 && facts.reserved == 20)
                // Asked before it was known to be lost: what it tells may be older than that request.
                try await Self.tell(store, mine, left: 290, cost: 10, now: 1004)
                #expect(try await Self.facts(store, now: 1004).balance == 100)
                try await Self.tell(store, next, left: 280, cost: 10, now: 1005)
                let after = try await Self.promised(store, 1, now: 1006)
                try await Self.tell(store, after, left: 270, cost: 10, now: 1007)
                let told = try await Self.facts(store, now: 1007)
                #expect(told.balance == 270 && told.reserved == 0 && told.spent == 30)
            }
        }
    }

    @Test func aRequestWithoutAnAnswerIsSpent() async throws {
        try await Self.with(left: 300) { processes in
            try await processes[0].run { _, store in
                let one = try await Self.promised(store, 5)
                try await store.reconcileTokens(upstream: "u", one, nil, shape: "s", subjects: 5, fallback: 10, now: 1010)
                #expect(try await Self.facts(store, now: 1010).balance == 250)
                // Told twice, as when the store did not say that it had been told: spent once.
                try await store.loseTokens(upstream: "u", one, now: 1011)
                let facts = try await Self.facts(store, now: 1011)
                #expect(facts.balance == 250 && facts.reserved == 0 && facts.prices.isEmpty)
            }
        }
    }

    @Test func anOlderAnswerDoesNotUndoANewerOne() async throws {
        try await Self.with(2) { processes in
            let first = try await processes[0].run { _, store in try await Self.promised(store, 3, now: 1001) }
            try await processes[1].run { _, store in
                let second = try await Self.promised(store, 4, now: 1002)
                try await Self.tell(store, second, left: 230, cost: 40, subjects: 4, saidAt: 1009, now: 1010)
                let between = try await Self.facts(store, now: 1010)
                #expect(between.balance == 230 && between.reserved == 30, "who is under way still counts")
                try await Self.tell(store, first, left: 270, cost: 30, subjects: 3, saidAt: 1008, now: 1011)
                let facts = try await Self.facts(store, now: 1011)
                #expect(facts.balance == 230 && facts.reserved == 0 && facts.spent == 70)
                #expect(facts.prices["s"]?.samples == 2, "what it cost is learnt all the same")
            }
        }
    }

    @Test func aPlanChangesAtOnce() async throws {
        try await Self.with(left: 300) { processes in
            try await processes[0].run { _, store in
                #expect(try await Self.ask(store, 100) == .tooDear(subjectsThatFit: 28))
                let one = try await Self.promised(store, 1)
                try await Self.tell(store, one, left: 290, cost: 10, refill: 25, now: 1001)
                #expect(try await Self.facts(store, now: 1001).capacity == 1500)
                // 730 are lacking: 30 steps of 25.
                #expect(try await Self.ask(store, 100, now: 1001) == .wait(seconds: 30 * 60))
                let two = try await Self.promised(store, 1, now: 1001)
                try await Self.tell(store, two, left: 280, cost: 10, refill: 5, now: 1002)
                #expect(try await Self.ask(store, 100, now: 1002) == .tooDear(subjectsThatFit: 28))
                #expect(try await Self.ask(store, 27, now: 1002) == .wait(seconds: 2 * 60))
            }
        }
    }

    /// All that is added goes elsewhere, and then comes again.
    @Test func aBucketThatNothingIsAddedToIsKeptSo() async throws {
        try await Self.with(left: 300) { processes in
            try await processes[0].run { _, store in
                let one = try await Self.promised(store, 1)
                try await Self.tell(store, one, left: 40, cost: 10, refill: 0, now: 1001)
                let facts = try await Self.facts(store, now: 5000)
                #expect(facts.balance == 40 && facts.refillPerMinute == 0 && facts.capacity == 300 && facts.ledger.nextStep < 5061)
                #expect(try await Self.ask(store, 3, now: 5000) == .wait(seconds: 60))
                let two = try await Self.promised(store, 1, now: 5001)
                try await Self.tell(store, two, left: 30, cost: 10, refill: 5, now: 5002)
                #expect(try await Self.facts(store, now: 5062).balance == 35)
            }
        }
    }

    @Test func pricesAreLearntAndForgotten() async throws {
        try await Self.with(left: 300) { processes in
            try await processes[0].run { _, store in
                let one = try await Self.promised(store, 5, price: 2)
                #expect(one.amount == 10)
                try await Self.tell(store, one, left: 260, cost: 40, subjects: 5, now: 1001)
                #expect(try await Self.promised(store, 5, price: 2, now: 1002).amount == 49, "ten were assumed, and sink slowly to 8")
                let late = 1001 + TokenLedger.priceSeconds
                #expect(try await Self.facts(store, now: late).prices.isEmpty)
                #expect(try await Self.promised(store, 5, price: 2, now: late).amount == 10)
            }
        }
    }
}
