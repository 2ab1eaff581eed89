import Bytes
import Series
import TestSupport
import Testing

@testable import Datasets

@Suite("Listings that move")
struct AccountsListingTests {
    let bench: AccountsBench

    init() throws { bench = try AccountsBench() }

    private static func days(_ numbers: some Sequence<Int>) -> [FakeMetric] {
        numbers.map { FakeMetric(account: "a\($0)", trades: 1 + $0 % 5) }
    }

    /// What stands at the `n`th request, counted from 0.
    private func read(_ states: [[FakeMetric]], totals: [Int]? = nil, body: FakeMetrics.Body = .new) throws -> Outcome {
        var asked = 0
        return try bench.carry("roster") { request in
            defer { asked += 1 }
            let state = states[min(asked, states.count - 1)]
            let total = totals.map { $0[min(asked, $0.count - 1)] } ?? state.count
            return FakeMetrics(records: state, body: body).page(state, request, total: total)
        }
    }

    @Test func aSetThatMovedIsReadAgain() throws {
        let all = Self.days(0..<1500)
        let moved = Self.days([1499] + Array(0..<1499))
        let lost = Self.days(Array(1..<1500))
        let cases: [(String, [[FakeMetric]], Int, Set<Int>)] = [
            ("at rest", [all], 2, Set(0..<1500)),
            ("moved once", [all, moved], 4, Set(0..<1500)),
            ("one went, and with it the count", [all, lost], 4, Set(1..<1500)),
            ("moved twice", [all, moved, all, moved, moved], 6, Set(0..<1500)),
        ]
        for (name, states, requests, truth) in cases {
            let outcome = try read(states)
            #expect(outcome.isProved && outcome.requests.count == requests, "\(name): \(outcome.requests.count)")
            #expect(Set(outcome.found.map { Int($0.key.values[0].dropFirst())! }) == truth, "\(name)")
            #expect(outcome.found.count == truth.count && outcome.rows.count == 1, "\(name)")
            #expect(outcome.firstAsks == 2 && Set(outcome.requests).count == requests, "\(name)")
        }
    }

    /// Where the upstream does not count, it shows by the record in which pages meet, and by one that comes again.
    @Test func aSetThatMovedShowsWithoutACount() throws {
        let all = Self.days(0..<1500)
        let shifted = Self.days([1499] + Array(0..<1499))
        var swapped = all
        swapped.swapAt(5, 1400)
        let cases = [("shifted", [all, shifted], 5), ("swapped", [all, swapped], 6), ("two went", [all, Self.days(2..<1500)], 5)]
        for (name, states, requests) in cases {
            let outcome = try read(states, body: .bare)
            let count = states[1].count
            #expect(outcome.isProved && outcome.found.count == count, "\(name): \(outcome.found.count)")
            #expect(outcome.requests.count == requests, "\(name): \(outcome.requests.count)")
        }
    }

    @Test func aSetThatNeverRestsIsNotProvedAndWhatCameIsKept() throws {
        let states = (0..<6).map { turn in Self.days((0..<1500).map { ($0 + turn * 7) % 1500 }) }
        let outcome = try read(states)
        #expect(outcome.isUnproved && outcome.requests.count == 6 && outcome.rows.isEmpty && outcome.needs == nil)
        #expect(Set(outcome.found.map(\.key)).count == outcome.found.count && outcome.found.count > 1000)
    }

    @Test func aCountThatDoesNotHoldIsNoProof() throws {
        let all = Self.days(0..<30)
        for totals in [[31], [29], [31, 31, 29]] { #expect(try read([all], totals: totals).isUnproved, "\(totals)") }
        #expect(try read([all], totals: [31, 30]).isProved, "the second pass agrees")
        let doubled = try bench.one("days", ["a0", "a1"], [all[0].json, all[0].json])
        #expect(doubled.isProved && doubled.requests.count == 2 && doubled.rows.count == 1, "one of two is not two, but is so again")
        let twice = try bench.carry("days", ["a0", "a1"]) { _ in
            let records = [all[0].json, FakeMetric(account: "a0", trades: 9).json, all[1].json]
            return FakeMetrics(records: []).text(records, total: 2, skip: 0, limit: 1000)
        }
        #expect(twice.isProved && twice.rows.count == 2 && twice.rows[0].trades == 9, "the later one holds")
    }

    /// The upstream has two records of one account and day, and counts both: a second pass that is the same says so.
    @Test func whatTheUpstreamHasTwiceIsProvedByReadingItTwice() throws {
        let all = Self.days(0..<1500)
        for place in [700, 1400] {
            let state = all[..<place] + [FakeMetric(account: "a5", trades: 77)] + all[place...]
            let outcome = try read([Array(state)])
            #expect(outcome.isProved && outcome.requests.count == 4 && outcome.firstAsks == 2, "\(place)")
            #expect(outcome.found.count == 1500 && outcome.found.first { $0.key.values[0] == "a5" }?.values[0] == .integer(77), "the later")
            // One that is so in an order of its own each time may be another's loss.
            let swapped = Array(state.reversed())
            let restless = try read([state.map(\.self), state.map(\.self), swapped, swapped, state.map(\.self), state.map(\.self)])
            #expect(restless.isUnproved && restless.requests.count == 6 && restless.rows.isEmpty, "\(place)")
        }
        // A record lost and another twice is no set, as long as it is not so again.
        let lost = Array(all[..<9] + [all[3]] + all[10...])
        let healed = try read([lost, lost, all])
        #expect(healed.isProved && healed.requests.count == 4 && healed.found.count == 1500)
    }

    /// What does not say whose it is, is told apart by its place.
    @Test func recordsOfNobodyAreAsManyAsThereAre() throws {
        let nobody = #"{"accountId": null, "date": "20250601", "numTrades": 3}"#
        let outcome = try bench.one("roster", ["*"], [nobody, Self.days([1])[0].json, nobody, nobody])
        #expect(outcome.isProved && outcome.requests.count == 1 && outcome.dropped == 3 && outcome.found.count == 1)
    }

    @Test func anAnswerToAnotherQuestionIsNotTaken() throws {
        let all = Self.days(0..<1500)
        var asked = 0
        let outcome = try bench.carry("roster") { request in
            asked += 1
            guard asked == 2 else { return FakeMetrics(records: all).page(all, request, total: 1500) }
            return FakeMetrics(records: []).text(all.prefix(1000).map(\.json), total: 1500, skip: 0, limit: 1000)
        }
        #expect(outcome.isProved && outcome.requests.count == 4 && outcome.found.count == 1500)
    }

    /// A random truth behind pages that lose records, double them, come short, and show a set whose order changes between two requests:
    /// what is proved is the truth, all of it and nothing else, and what is not proved is of the truth.
    @Test(arguments: 1...12)
    func whatIsProvedIsTheTruth(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        var proved = 0
        for round in 0..<60 {
            let truth = Self.days((0..<(5 + dice.below(60))).map { $0 * 3 })
            var order = truth
            let limit = 4 + dice.below(20)
            let (loses, doubles, moves, shortens) = (dice.below(12), dice.below(12), dice.below(25), dice.below(12))
            let outcome = try bench.carry("roster") { request in
                if dice.chance(moves) {
                    order.insert(order.remove(at: dice.below(order.count)), at: dice.below(order.count))
                }
                let skip = Int(request["skip"]!)!
                var page = Array(order.dropFirst(skip).prefix(limit))
                if dice.chance(shortens) { page = Array(page.prefix(1 + dice.below(limit))) }
                if dice.chance(loses), !page.isEmpty { page.remove(at: dice.below(page.count)) }
                if dice.chance(doubles), let one = page.randomElement(using: &dice) { page.insert(one, at: dice.below(page.count + 1)) }
                return FakeMetrics(records: []).text(page.map(\.json), total: truth.count, skip: skip, limit: limit)
            }
            let expected = Dictionary(uniqueKeysWithValues: truth.map { ($0.account, Int64($0.trades)) })
            let came = outcome.found.map { ($0.key.values[0], $0.values[0]) }
            #expect(Set(came.map(\.0)).count == came.count, "round \(round)")
            #expect(came.allSatisfy { expected[$0.0].map(Value.integer) == $0.1 }, "round \(round)")
            if outcome.isProved {
                proved += 1
                #expect(came.count == truth.count, "round \(round): \(came.count) of \(truth.count)")
                #expect(outcome.rows.map(\.trades) == [expected.values.reduce(0, +)], "round \(round)")
            } else {
                #expect(outcome.isUnproved && outcome.rows.isEmpty, "round \(round)")
            }
        }
        #expect(proved > 5, "only \(proved) of 60 were proved")
    }

    /// The same of batches, some of which are refused, of hours.
    @Test(arguments: 21...26)
    func batchesComeToTheTruthInWhateverPieces(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        for round in 0..<40 {
            let accounts = (0..<(1 + dice.below(41))).map { "a\($0)" }
            var truth: [FakeMetric] = []
            for account in accounts {
                for hour in 0..<24 where dice.chance(30) { truth.append(FakeMetric(account: account, hour: hour, trades: dice.below(9))) }
            }
            var fake = FakeMetrics(records: truth, body: [.new, .bare, .old][dice.below(3)])
            fake.batchMax = 1 + dice.below(41)
            if dice.chance(40) { fake.poison = [accounts.randomElement(using: &dice)!] }
            let outcome = try bench.carry("hours", accounts, pick: { dice.below($0) }, serve: fake.answer)
            let expected = Set(truth.filter { !fake.poison.contains($0.account) }.map {
                Row(
                    series: accounts.firstIndex(of: $0.account)!, time: bench.start + Int64($0.hour!) * 3600,
                    values: [.integer(Int64($0.trades))] + Array(repeating: .null, count: Accounts.hourTyped.count))
            }.map { "\($0)" })
            #expect(Set(outcome.rows.map { "\($0)" }) == expected && outcome.rows.count == expected.count, "round \(round)")
            #expect(outcome.isProved == fake.poison.isEmpty, "round \(round)")
            if let needs = outcome.needs { #expect(needs.pageRows <= fake.batchMax && fake.poison.isEmpty, "round \(round)") }
        }
    }
}
