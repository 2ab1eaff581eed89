/// What is remembered of slots of which the upstream said, with proof of the end, that it has nothing there. Instants are of the
/// shown clock.
package struct Absence: Sendable, Hashable {
    /// One word, for programs: `no_record`, `partial`.
    package let reason: String
    /// When it was said first, and last.
    package let since: Int64
    package let asked: Int64
    /// How often it was said.
    package let attempts: Int
    /// How many of these answers came when they were due: the distances of `RecheckSchedule` grow by them.
    package let steps: Int
    /// When the upstream is to be asked again; nil: never.
    package let nextAsk: Int64?
    /// The task whose answer was the last.
    package let evidence: Int64

    package init(reason: String, since: Int64, asked: Int64, attempts: Int, steps: Int, nextAsk: Int64?, evidence: Int64) {
        self.reason = reason
        self.since = since
        self.asked = asked
        self.attempts = attempts
        self.steps = steps
        self.nextAsk = nextAsk
        self.evidence = evidence
    }

    /// The first answer of "nothing".
    static func first(_ reason: String, isFinal: Bool, at now: Int64, evidence: Int64) -> Absence {
        Absence(
            reason: reason, since: now, asked: now, attempts: 1, steps: 1,
            nextAsk: RecheckSchedule.nextAsk(isFinal: isFinal, steps: 1, now: now), evidence: evidence)
    }

    /// One more such answer. One that comes before it is due counts as an attempt, and the next ask is counted from it; but the
    /// distance stays as it is, so that two answers within minutes do not put the next ask off by days.
    func confirmed(_ reason: String, isFinal: Bool, at now: Int64, evidence: Int64) -> Absence {
        let isEarly = nextAsk.map { now < $0 } ?? false
        let steps = isEarly ? steps : steps + 1
        return Absence(
            reason: reason, since: since, asked: max(asked, now), attempts: attempts + 1, steps: steps,
            nextAsk: RecheckSchedule.nextAsk(isFinal: isFinal, steps: steps, now: max(asked, now)), evidence: evidence)
    }

    /// The same silence, by other knowledge.
    func judged(_ reason: String, steps: Int, nextAsk: Int64?) -> Absence {
        Absence(reason: reason, since: since, asked: asked, attempts: attempts, steps: steps, nextAsk: nextAsk, evidence: evidence)
    }
}

/// The absences of one series: runs in the order of time; neighbours that are equal in all are one run, so that work grows with
/// holes.
package struct Absences: Sendable, Hashable {
    package struct Run: Sendable, Hashable {
        package let slots: Range<Int>
        package let absence: Absence

        package init(_ slots: Range<Int>, _ absence: Absence) {
            self.slots = slots
            self.absence = absence
        }
    }

    package private(set) var runs: [Run]

    /// Runs that do not overlap, in any order.
    package init(_ runs: [Run] = []) { self.runs = Absences.joined(runs) }

    package var slots: SlotSet { SlotSet(ranges: runs.map(\.slots)) }

    /// Something came for these slots.
    package mutating func end(_ slots: SlotSet) {
        if slots.isEmpty { return }
        runs = runs.flatMap { run in
            SlotSet(run.slots).subtracting(slots.intersection(run.slots)).ranges.map { Run($0, run.absence) }
        }
    }

    /// It was said that there is nothing for slots: those that each word is the reason of, no slot under two. Those whose reason is among
    /// `final` are not to be asked for again. The work grows with ranges.
    package mutating func note(_ said: [String: SlotSet], at now: Int64, evidence: Int64, final: Set<String>) {
        let slots = said.values.reduce(into: SlotSet()) { $0.formUnion($1) }
        if slots.isEmpty { return }
        let known = self.slots
        var made: [Run] = []
        for run in runs {
            let again = slots.intersection(run.slots)
            made += SlotSet(run.slots).subtracting(again).ranges.map { Run($0, run.absence) }
            if again.isEmpty { continue }
            for (reason, own) in said {
                let confirmed = run.absence.confirmed(reason, isFinal: final.contains(reason), at: now, evidence: evidence)
                made += own.intersection(run.slots).ranges.map { Run($0, confirmed) }
            }
        }
        for (reason, own) in said {
            let first = Absence.first(reason, isFinal: final.contains(reason), at: now, evidence: evidence)
            made += own.subtracting(known).ranges.map { Run($0, first) }
        }
        runs = Absences.joined(made)
    }

    /// Judges anew what is silent for one of two reasons: of these slots those among `empty` are known to be so for good, the others are
    /// doubted. One that no longer is empty is asked for again at once; one that is doubted still keeps its next ask.
    package mutating func judge(_ slots: SlotSet, empty: SlotSet, _ emptyReason: String, doubt doubtReason: String, at now: Int64) {
        runs = Absences.joined(runs.flatMap { run -> [Run] in
            let other: (slots: SlotSet, absence: Absence)
            switch run.absence.reason {
            case emptyReason:
                other = (slots.subtracting(empty), run.absence.judged(doubtReason, steps: 1, nextAsk: now))
            case doubtReason:
                other = (slots.intersection(empty), run.absence.judged(emptyReason, steps: run.absence.steps, nextAsk: nil))
            default: return [run]
            }
            let changed = other.slots.intersection(run.slots)
            return SlotSet(run.slots).subtracting(changed).ranges.map { Run($0, run.absence) }
                + changed.ranges.map { Run($0, other.absence) }
        })
    }

    private static func joined(_ runs: [Run]) -> [Run] {
        var result: [Run] = []
        for run in runs.sorted(by: { $0.slots.lowerBound < $1.slots.lowerBound }) where !run.slots.isEmpty {
            if let last = result.last, last.slots.upperBound == run.slots.lowerBound, last.absence == run.absence {
                result[result.count - 1] = Run(last.slots.lowerBound..<run.slots.upperBound, run.absence)
            } else {
                result.append(run)
            }
        }
        return result
    }
}
