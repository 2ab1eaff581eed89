/// What silent slots of series of one slot length mean, by what is held around them: neighbours tell a time when nothing was open for trade
/// from one series' gap. Pure; the work grows with ranges.
package struct Evidence: Sendable {
    /// One series, within the stretch of time that is looked at.
    package struct Witness: Sendable {
        /// Whole slots.
        package let held: SlotSet
        /// Slots of which it is known that nothing was.
        package let empty: SlotSet
        /// Slots of its own that nothing is known of, and that are expected: those that are judged.
        package let missing: SlotSet
        /// Its slots in which a finer slot of its channel is held.
        package let finer: SlotSet
        package let activity: Activity?

        package init(held: SlotSet, empty: SlotSet, missing: SlotSet, finer: SlotSet = SlotSet(), activity: Activity?) {
            self.held = held
            self.empty = empty
            self.missing = missing
            self.finer = finer
            self.activity = activity
        }
    }

    /// What is said of the missing slots of one series.
    package struct Verdict: Sendable, Equatable {
        /// Nothing was, of any series.
        package var common = SlotSet()
        /// Something was, which is not held.
        package var lost = SlotSet()
        /// Nobody can tell.
        package var unknown = SlotSet()

        package init() {}
    }

    /// Less likely than this is not so: as the exponent of e.
    package static let unlikely = 13.815_510_557_964_274  // -ln(1e-6)
    /// Fewer series than this say nothing of all.
    package static let quorum = 3
    /// Seconds without anything that a stretch of held data may have in it: the longest time that Kraken was down is 48 hours
    /// (2018-01-11). What is longer may never have been fetched.
    package static let longestSilence = 72 * 3600

    /// Slots of a silence that a stretch may have in it.
    package let bridge: Int

    package init(slotSeconds: Int) { bridge = max(1, Self.longestSilence / slotSeconds) }

    /// What follows for each witness. `traded`: slots in which anything at all was, as slots of other lengths have it.
    package func judge(_ witnesses: [Witness], traded: SlotSet) -> [Verdict] {
        let seen = witnesses.map { Seen($0, bridge) }
        var any = traded
        var alive = SlotSet()
        for one in seen {
            any.formUnion(one.witness.held)
            alive.formUnion(one.stretches)
        }
        let common = self.common(alive.subtracting(any), seen)
        return seen.map { one in
            var verdict = Verdict()
            let open = one.witness.missing.intersection(one.stretches)
            verdict.common = open.intersection(common)
            let rest = open.subtracting(common)
            let busy = rest.intersection(any)
            verdict.lost = busy.intersection(one.witness.finer)
            for range in busy.ranges where one.rate(at: range.lowerBound) >= Self.unlikely { verdict.lost.formUnion(SlotSet(range)) }
            verdict.unknown = rest.subtracting(verdict.lost)
            return verdict
        }
    }

    /// Of slots in which no series has anything, those in which that is too unlikely to be chance.
    private func common(_ silent: SlotSet, _ seen: [Seen]) -> SlotSet {
        var result = SlotSet()
        for range in silent.ranges {
            // Where a series begins or ends, others judge.
            var cuts: Set<Int> = [range.lowerBound, range.upperBound]
            for one in seen {
                for stretch in one.stretches.intersection(range).ranges { cuts.formUnion([stretch.lowerBound, stretch.upperBound]) }
            }
            let marks = cuts.sorted()
            for (from, to) in zip(marks, marks.dropFirst()) {
                var count = 0
                var rate = 0.0
                for one in seen where one.stretches.contains(from) {
                    count += 1
                    rate += one.rate(at: from)
                }
                if count >= Self.quorum, rate >= Self.unlikely { result.insert(from..<to) }
            }
        }
        return result
    }

    /// A witness, and where it can speak: between slots of which it knows.
    private struct Seen {
        let witness: Witness
        let stretches: SlotSet
        let silent: SlotSet

        init(_ witness: Witness, _ bridge: Int) {
            self.witness = witness
            stretches = witness.held.union(witness.empty).bridged(over: bridge)
            silent = stretches.subtracting(witness.held)
        }

        /// What would happen in one slot of the silence at `slot`, by the quietest time near it: it is silent by chance with e to the
        /// power of minus this.
        func rate(at slot: Int) -> Double {
            guard let activity = witness.activity, let run = silent.range(containing: slot), let stretch = stretches.range(containing: slot)
            else { return 0 }
            return activity.quietest(around: run, within: stretch)
        }
    }
}
