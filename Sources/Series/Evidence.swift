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
        /// nil tells nothing. Only the neighbourhood of `silences` is looked at.
        package var activity: Activity?

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
        let scene = Scene(witnesses, traded: traded, bridge)
        var common = SlotSet()
        for (slots, speakers) in scene.quiet {
            // Of slots in which no series has anything, those in which that is too unlikely to be chance.
            let rate = speakers.reduce(0) { $0 + scene.seen[$1].rate(at: slots.lowerBound) }
            if rate >= Self.unlikely { common.insert(slots) }
        }
        return scene.seen.map { one in
            var verdict = Verdict()
            verdict.common = one.open.intersection(common)
            let rest = one.open.subtracting(common)
            let busy = rest.intersection(scene.any)
            verdict.lost = busy.intersection(one.witness.finer)
            for range in busy.ranges where one.rate(at: range.lowerBound) >= Self.unlikely { verdict.lost.formUnion(SlotSet(range)) }
            verdict.unknown = rest.subtracting(verdict.lost)
            return verdict
        }
    }

    /// Of each witness, the silences by whose unlikelihood it is judged: around these its activity has to be known. Of one that is asked
    /// for nothing it need not be known at all.
    package func silences(_ witnesses: [Witness], traded: SlotSet) -> [SlotSet] {
        let scene = Scene(witnesses, traded: traded, bridge)
        var silences = scene.seen.map { one in
            let doubtful = one.open.intersection(scene.any).ranges.filter { !one.witness.finer.contains($0) }
            return doubtful.compactMap { one.silence(at: $0.lowerBound) }
        }
        for (slots, speakers) in scene.quiet {
            for speaker in speakers {
                // One silence is met again and again.
                if silences[speaker].last.map({ $0.contains(slots.lowerBound) }) ?? false { continue }
                if let run = scene.seen[speaker].silence(at: slots.lowerBound) { silences[speaker].append(run) }
            }
        }
        return silences.map { SlotSet(ranges: $0) }
    }

    /// All witnesses beside each other.
    private struct Scene {
        let seen: [Seen]
        /// Slots in which something was.
        private(set) var any: SlotSet
        /// Missing slots in which no series has anything, and those that can speak of them: a quorum. All of a range have the same.
        private(set) var quiet: [(slots: Range<Int>, speakers: [Int])] = []

        init(_ witnesses: [Witness], traded: SlotSet, _ bridge: Int) {
            seen = witnesses.map { Seen($0, bridge) }
            any = traded
            var open = SlotSet()
            for one in seen {
                any.formUnion(one.witness.held)
                open.formUnion(one.open)
            }
            for range in open.subtracting(any).ranges {
                // Where a series begins or ends, others judge.
                var cuts: Set<Int> = [range.lowerBound, range.upperBound]
                for one in seen {
                    for stretch in one.stretches.intersection(range).ranges { cuts.formUnion([stretch.lowerBound, stretch.upperBound]) }
                }
                let marks = cuts.sorted()
                for (from, to) in zip(marks, marks.dropFirst()) {
                    let speakers = seen.indices.filter { seen[$0].stretches.contains(from) }
                    if speakers.count >= Evidence.quorum { quiet.append((from..<to, speakers)) }
                }
            }
        }
    }

    /// A witness, and where it can speak: between slots of which it knows.
    private struct Seen {
        let witness: Witness
        let stretches: SlotSet
        let silent: SlotSet
        /// Missing slots of which it can speak.
        let open: SlotSet

        init(_ witness: Witness, _ bridge: Int) {
            self.witness = witness
            stretches = witness.held.union(witness.empty).bridged(over: bridge)
            silent = stretches.subtracting(witness.held)
            open = witness.missing.intersection(stretches)
        }

        /// The run of slots without anything that a slot lies in.
        func silence(at slot: Int) -> Range<Int>? { silent.range(containing: slot) }

        /// What would happen in one slot of the silence at `slot`, by the quietest time near it: it is silent by chance with e to the
        /// power of minus this.
        func rate(at slot: Int) -> Double {
            guard let activity = witness.activity, let run = silence(at: slot), let stretch = stretches.range(containing: slot)
            else { return 0 }
            return activity.quietest(around: run, within: stretch)
        }
    }
}
