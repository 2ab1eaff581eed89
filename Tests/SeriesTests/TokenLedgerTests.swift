import Testing
import TestSupport

@testable import Series

/// An upstream's tokens as a value, against a bucket that keeps them in its own way.
@Suite struct TokenLedgerTests {
    /// The upstream: a step a minute, any request while more than nothing is left, and the balance may go below.
    private struct Truth {
        var refill: Double
        var balance: Double
        var nextStep: Double
        var lowest = Double.infinity

        mutating func advance(to now: Double) {
            while nextStep <= now {
                balance = max(balance, min(refill * 60, balance + refill))
                nextStep += 60
            }
            // A plan that became smaller takes nothing away that is there.
        }

        mutating func answer(_ cost: Double, at now: Double) -> TokenReading? {
            advance(to: now)
            if balance <= 0 { return nil }
            balance -= cost
            lowest = min(lowest, balance)
            return TokenReading(left: balance, consumed: cost, refillPerMinute: refill, refillIn: nextStep - now, saidAt: now)
        }
    }

    private struct Flight {
        let amount: Double
        let subjects: Int
        let sentAt: Double
        let readAt: Double
        let reading: TokenReading
    }

    private struct Outcome {
        /// Subjects that were answered for by the end of each minute.
        var done: [Int] = []
        var spent = 0.0
        var lowest = Double.infinity
        var initial = 0.0
        var refused = 0
    }

    private static func shape(_ price: Int) -> CallShape {
        CallShape(name: "s", kind: .snapshot(subjects: 100), fixed: Cost(requests: 1), perSeries: Cost(requests: 0, tokens: price),
            secondsPerRequest: 1)
    }

    /// Three requests at once, for as many subjects as fit, from a queue of calls that does not end. `refills`: by minute.
    private static func work(
        _ random: inout Seeded, refills: [Double], price: Int, floor: Double, minutes: Int
    ) -> Outcome {
        let start = 1000.0
        var truth = Truth(
            refill: refills[0], balance: refills[0] * Double(random.below(61)), nextStep: start + Double(1 + random.below(60)))
        var ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: floor, at: start)
        var known: [String: TokenLedger.Price] = [:]
        var flights: [Flight] = []
        var outcome = Outcome()
        outcome.initial = truth.balance
        var (now, done, left) = (start, 0, 0)
        while now < start + Double(minutes) * 60 {
            let minute = Int((now - start) / 60)
            while outcome.done.count < minute { outcome.done.append(done) }
            truth.advance(to: now)
            truth.refill = refills[min(minute, refills.count - 1)]
            for flight in flights where flight.readAt <= now {
                ledger = ledger.hearing(flight.reading, sentAt: flight.sentAt, at: flight.readAt)
                let price = known["s"] ?? .assumed(Double(price))
                known["s"] = price.learning(flight.reading.consumed, subjects: flight.subjects, at: flight.readAt)
                done += flight.subjects
            }
            flights.removeAll { $0.readAt <= now }
            ledger = ledger.advanced(to: now)
            let facts = TokenFacts(ledger: ledger, reserved: flights.reduce(0) { $0 + $1.amount }, prices: known)
            if left == 0 { left = 1 + random.below(100) }
            var next = min(flights.map(\.readAt).min() ?? .infinity, start + Double(minute + 1) * 60)
            if flights.count < 3 {
                let subjects = min(left, facts.subjectsAtOnce(shape(price)))
                switch ledger.verdict(on: subjects, price: facts.price(of: shape(price)), reserved: facts.reserved) {
                case .granted(let amount):
                    let cost = Double(subjects * price)
                    if let reading = truth.answer(cost, at: now) {
                        let readAt = now + 1 + Double(random.below(2000)) / 100
                        flights.append(
                            Flight(amount: amount, subjects: subjects, sentAt: now, readAt: readAt, reading: reading))
                        left -= subjects
                        outcome.spent += cost
                    } else {
                        outcome.refused += 1
                        let reading = TokenReading(
                            left: truth.balance, consumed: 0, refillPerMinute: truth.refill, refillIn: truth.nextStep - now, saidAt: now)
                        ledger = ledger.hearing(reading, sentAt: now, at: now)
                    }
                    next = now
                case .wait(let seconds): next = min(next, now + seconds)
                case .tooDear(let fits): Issue.record("\(subjects) subjects of \(price) do not fit: \(fits)")
                }
            }
            now = max(now + 0.01, next)
        }
        outcome.lowest = truth.lowest
        while outcome.done.count < minutes { outcome.done.append(done) }
        return outcome
    }

    /// The balance never falls below the floor while no answer is dearer than was known and no plan becomes smaller unheard.
    @Test(arguments: 0..<40) func theFloorStands(seed: Int) {
        var random = Seeded(UInt64(seed))
        let minutes = 400
        let rise = random.below(minutes)
        let refills = (0..<minutes).map { $0 < rise ? 5.0 : 25.0 }
        let (price, floor) = (1 + random.below(20), Double(random.below(40)))
        let outcome = Self.work(&random, refills: refills, price: price, floor: floor, minutes: minutes)
        // The first request goes without anything known.
        #expect(outcome.lowest >= min(floor, outcome.initial - Double(price)), "price \(price), floor \(floor)")
        #expect(outcome.refused <= 1)
        #expect(outcome.done.last ?? 0 > 0)
    }

    /// A budget that is raised for a while, and lowered again, is never worth less at any minute than one that was not; and what was
    /// refilled is spent: not a minute's tokens are lost while there is work.
    @Test(arguments: 100..<130) func moreBudgetNeverDoesLess(seed: Int) {
        var random = Seeded(UInt64(seed))
        let (minutes, price, floor) = (600, 1 + random.below(12), Double(random.below(30)))
        let low = Array(repeating: 5.0, count: minutes)
        let (from, to) = (60 + random.below(100), 300 + random.below(200))
        let raised = (0..<minutes).map { (from..<to).contains($0) ? 25.0 : 5.0 }
        var (one, two) = (random, random)
        let before = Self.work(&one, refills: low, price: price, floor: floor, minutes: minutes)
        let after = Self.work(&two, refills: raised, price: price, floor: floor, minutes: minutes)
        // What is under way at the moment: three requests, each at most half of a bucket.
        let slack = 3 * min(100, Int(750 / Double(price)) + 1)
        for minute in 0..<minutes { #expect(after.done[minute] >= before.done[minute] - slack, "minute \(minute)") }
        // Work for each token is what it was, and all tokens went into work; above the brim of a bucket that became smaller none are added.
        #expect(before.spent >= 5.0 * Double(minutes) - 300, "\(before.spent) of \(5 * minutes)")
        let given = raised.reduce(0, +)
        #expect(after.spent >= given - 300 - 450, "\(after.spent) of \(given)")
        #expect(before.refused + after.refused <= 4)
    }

    /// An answer that is dearer than any before may take the balance below the floor once; the next is reckoned by it.
    @Test func aDearAnswerIsLearntFrom() {
        var ledger = TokenLedger(refillPerMinute: 25, capacityMinutes: 60, floor: 100, at: 0)
            .hearing(TokenReading(left: 150, consumed: 2, refillPerMinute: 25, refillIn: 60), sentAt: 0, at: 0)
        var price = TokenLedger.Price.assumed(1).learning(2, subjects: 2, at: 0)
        #expect(ledger.verdict(on: 50, price: price, reserved: 0) == .granted(50))
        ledger = ledger.hearing(TokenReading(left: -236, consumed: 386, refillPerMinute: 25, refillIn: 60), sentAt: 1, at: 2)
        price = price.learning(386, subjects: 50, at: 2)
        #expect(price.high == 7.72 && ledger.lowest == -236)
        // 50 cost 386 now: 722 are lacking, 29 steps of 25.
        #expect(ledger.verdict(on: 50, price: price, reserved: 0) == .wait(60 + 28 * 60))
        #expect(ledger.advanced(to: 62 + 28 * 60).verdict(on: 50, price: price, reserved: 0) == .granted(386))
        // What was once dear sinks to what it costs.
        for minute in 0..<60 { price = price.learning(50, subjects: 50, at: Double(minute)) }
        #expect(price.high < 1.1 && price.high >= price.mean)
        #expect(price.learning(0, subjects: 5, at: 9) == price)
    }

    @Test func aRequestThatNeverFitsIsToldWhatDoes() {
        let rich = TokenLedger(refillPerMinute: 25, capacityMinutes: 60, floor: 20, at: 0)
        let price = TokenLedger.Price(mean: 7, high: 7.7, samples: 9, at: 0)
        #expect(rich.fits(price) == 192)
        let poor = rich.hearing(TokenReading(left: 300, consumed: 1, refillPerMinute: 5, refillIn: 10), sentAt: 0, at: 1)
        #expect(poor.capacity == 300 && poor.verdict(on: 100, price: price, reserved: 0) == .tooDear(fits: 36))
        #expect(poor.verdict(on: 36, price: price, reserved: 0) == .granted(278))
        #expect(poor.verdict(on: 36, price: price, reserved: 1) == .granted(278), "280 are to be had")
        #expect(poor.verdict(on: 36, price: price, reserved: 20) == .wait(10))
        // One subject that was once dear goes when the bucket is full; one that always is does not.
        #expect(poor.verdict(on: 1, price: .init(mean: 200, high: 900, samples: 2, at: 0), reserved: 0) == .granted(280))
        #expect(poor.verdict(on: 1, price: .init(mean: 400, high: 900, samples: 2, at: 0), reserved: 0) == .tooDear(fits: 0))
        // A floor that is more than the bucket leaves half of it to be spent.
        #expect(TokenLedger(refillPerMinute: 1, capacityMinutes: 60, floor: 500, at: 0).room == 30)
    }

    @Test func tokensComeInSteps() {
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 0, at: 0)
            .hearing(TokenReading(left: 290, consumed: 1, refillPerMinute: nil, refillIn: 20), sentAt: 0, at: 100)
        #expect([110, 119.9, 120, 179, 180, 9999, 50].map { ledger.advanced(to: $0).balance } == [290, 290, 295, 295, 300, 300, 290])
        #expect(ledger.advanced(to: 185).nextStep == 240)
        // A bucket above its brim (a smaller plan) loses nothing, and gains nothing.
        let full = ledger.hearing(TokenReading(left: 900, consumed: 1, refillPerMinute: 5, refillIn: 20), sentAt: 101, at: 101)
        #expect(full.advanced(to: 9999).balance == 900)
    }

    /// Answers that were made in one order and read in another.
    @Test func theNewestWordHolds() {
        func reading(_ left: Double, _ saidAt: Double?) -> TokenReading {
            TokenReading(left: left, consumed: 10, refillPerMinute: 5, refillIn: 50, saidAt: saidAt)
        }
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 0, at: 0)
        let later = ledger.hearing(reading(80, 9), sentAt: 2, at: 10)
        #expect(later.hearing(reading(90, 8), sentAt: 1, at: 11) == later)
        #expect(later.hearing(reading(90, 9), sentAt: 1, at: 11) == later, "of one moment: who has less left came after")
        #expect(later.hearing(reading(70, 9), sentAt: 1, at: 11).balance == 70)
        #expect(later.hearing(reading(95, 12), sentAt: 1, at: 13).balance == 95, "it was made later, though it was asked before")
        // Without a word of when: the lower of two that were under way together.
        let silent = ledger.hearing(reading(80, nil), sentAt: 2, at: 10)
        #expect(silent.hearing(reading(90, nil), sentAt: 1, at: 11).balance == 80)
        #expect(silent.hearing(reading(60, nil), sentAt: 1, at: 30).balance == 60)
        #expect(silent.hearing(reading(90, nil), sentAt: 12, at: 13).balance == 90)
    }

    /// A date that cannot be, or a clock that was set back, keeps nobody from being heard.
    @Test(arguments: [1e9, -1e9, 3000]) func aBadDateDeafensNobody(off: Double) {
        func reading(_ left: Double, _ saidAt: Double?) -> TokenReading {
            TokenReading(left: left, consumed: 10, refillPerMinute: 5, refillIn: 50, saidAt: saidAt)
        }
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 0, at: 0)
        let bad = ledger.hearing(reading(80, 10 + off), sentAt: 9, at: 10)
        #expect(bad.balance == 80 && bad.saidAt == (off == 3000 ? 3010 : nil))
        let next = bad.hearing(reading(95, 11), sentAt: 11, at: 12)
        #expect(next.balance == 95 && next.saidAt == 11, "asked for after the other was heard")
        #expect(next.hearing(reading(90, 12), sentAt: 9, at: 13).balance == 90)
        // As it was kept by one who believed all dates.
        let kept = TokenLedger(
            rate: 5, isStill: false, capacityMinutes: 60, floor: 0, balance: 80, at: 10, nextStep: 60, heardAt: 10, saidAt: 10 + off,
            lostAt: nil, lowest: 80)
        #expect(kept.hearing(reading(95, 11), sentAt: 11, at: 12).balance == 95)
    }

    /// Of two that were under way together the one that was made first is read last: it cost 30, which the other's balance has already.
    @Test func whatAnOlderAnswerCostIsInTheNewerOne() {
        var truth = Truth(refill: 5, balance: 300, nextStep: 60)
        let first = truth.answer(30, at: 2), second = truth.answer(40, at: 3)
        guard let first, let second else { return #expect(Bool(false), "refused") }
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 0, at: 0)
        let heard = ledger.hearing(second, sentAt: 1, at: 4).hearing(first, sentAt: 0, at: 5)
        #expect(heard.balance == 230 && heard.balance == truth.balance)
        #expect(ledger.hearing(first, sentAt: 0, at: 4).hearing(second, sentAt: 1, at: 5).balance == 230)
    }

    /// Sixty a subject are assumed, and the bucket holds less: one goes when it is full, and tells.
    @Test func aPriceThatNobodyKnowsIsTried() {
        func heard(_ left: Double) -> TokenLedger {
            TokenLedger(refillPerMinute: 1, capacityMinutes: 60, floor: 20, at: 0)
                .hearing(TokenReading(left: left, consumed: 0, refillPerMinute: 1, refillIn: 60), sentAt: 0, at: 0)
        }
        let price = TokenLedger.Price.assumed(60)
        #expect(heard(60).verdict(on: 2, price: price, reserved: 0) == .tooDear(fits: 1))
        #expect(heard(60).verdict(on: 1, price: price, reserved: 0) == .granted(40))
        #expect(heard(60).verdict(on: 1, price: price, reserved: 1) == .wait(60))
        #expect(heard(58).verdict(on: 1, price: price, reserved: 0) == .wait(120))
        #expect(TokenLedger(refillPerMinute: 1, capacityMinutes: 60, floor: 20, at: 0).verdict(on: 1, price: price, reserved: 0)
            == .granted(40))
        #expect(heard(60).verdict(on: 1, price: price.learning(60, subjects: 1, at: 0), reserved: 0) == .tooDear(fits: 0))
    }

    /// Other uses of the key take all that is added: the bucket keeps its size, and nobody counts on a step.
    @Test func aBucketThatNothingIsAddedToStaysAsItIs() {
        let price = TokenLedger.Price.assumed(1)
        let full = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 20, at: 0)
            .hearing(TokenReading(left: 30, consumed: 1, refillPerMinute: 5, refillIn: 60), sentAt: 0, at: 0)
        let still = full.hearing(TokenReading(left: 25, consumed: 5, refillPerMinute: 0, refillIn: 30), sentAt: 1, at: 2)
        #expect(still.refillPerMinute == 0 && still.capacity == 300 && still.fits(price) == 280)
        #expect(still.advanced(to: 99_999).balance == 25 && still.advanced(to: 99_999).nextStep > 99_999)
        #expect(still.verdict(on: 5, price: price, reserved: 0) == .granted(5))
        #expect(still.verdict(on: 280, price: price, reserved: 0) == .wait(60))
        #expect(still.losing(5, at: 999).balance == 20)
        let again = still.hearing(TokenReading(left: 25, consumed: 0, refillPerMinute: 1, refillIn: 30), sentAt: 3000, at: 3001)
        #expect(again.refillPerMinute == 1 && again.capacity == 60 && again.advanced(to: 3031).balance == 26)
        // An answer that does not say leaves it as it was.
        #expect(still.hearing(TokenReading(left: 9, consumed: 1, refillPerMinute: nil, refillIn: 30), sentAt: 3, at: 4).isStill)
    }

    @Test func whatWasLostCountsUntilALaterRequestTells() {
        let reading = TokenReading(left: 100, consumed: 1, refillPerMinute: 5, refillIn: 50)
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 0, at: 0).hearing(reading, sentAt: 0, at: 1)
        let lost = ledger.losing(40, at: 10)
        #expect(lost.balance == 60)
        #expect(lost.hearing(reading, sentAt: 5, at: 12).balance == 60)
        #expect(lost.hearing(reading, sentAt: 11, at: 12).balance == 100)
    }

    /// Nothing is known: one goes and tells.
    @Test func whatNobodyHasHeardOfIsAskedByOne() {
        let ledger = TokenLedger(refillPerMinute: 5, capacityMinutes: 60, floor: 50, at: 0)
        let price = TokenLedger.Price.assumed(8)
        #expect(ledger.balance == 55)
        #expect(ledger.verdict(on: 1, price: price, reserved: 0) == .granted(8))
        #expect(ledger.verdict(on: 1, price: price, reserved: 8) == .wait(60))
        #expect(ledger.verdict(on: 2, price: price, reserved: 0) == .wait(180))
    }

    @Test func shapesAreFittedToTheBucket() {
        func facts(_ refill: Double, isHeard: Bool = true) -> TokenFacts {
            let ledger = TokenLedger(refillPerMinute: refill, capacityMinutes: 60, floor: 20, at: 0)
            let reading = TokenReading(left: 100, consumed: 0, refillPerMinute: refill, refillIn: 60)
            return TokenFacts(
                ledger: isHeard ? ledger.hearing(reading, sentAt: 0, at: 0) : ledger, reserved: 0,
                prices: [Self.shape(1).priceKey: .init(mean: 6, high: 7, samples: 3, at: 0)])
        }
        let shape = Self.shape(1)
        #expect(facts(25).fitted(shape).kind == .snapshot(subjects: 52) && facts(5).fitted(shape).kind == .snapshot(subjects: 10))
        #expect(facts(0.2).fitted(shape).kind == .snapshot(subjects: 1))
        #expect(facts(100).fitted(shape).kind == .snapshot(subjects: 100))
        #expect(facts(25).subjectsAtOnce(shape) == 105 && facts(5).subjectsAtOnce(shape) == 20 && facts(5).means == [shape.priceKey: 6])
        #expect(facts(25, isHeard: false).subjectsAtOnce(shape) == 3)
        let window = CallShape(name: "w", kind: .window(periods: 9), fixed: Cost(requests: 1), secondsPerRequest: 1)
        #expect(facts(5).fitted(window) == window)
    }
}
