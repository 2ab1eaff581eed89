package import Bytes

/// The marks on the time line: slot number `i` is the half-open span `[start(of: i), end(of: i))`, and the slots tile time.
///
/// A grid of fixed seconds serves local hours as well, where the zone is whole hours off UTC: the day on which the clocks change
/// simply holds 23 or 25 of them.
package enum Ruler: Sendable, Hashable {
    /// Slots of equal length; slot 0 begins at `anchor`.
    case every(seconds: Int, anchor: Int64)
    /// Local days of a zone, of 23, 24 or 25 hours; the number is the date's days since 1970.
    case days(Zone)

    package func start(of slot: Int) -> Int64 {
        switch self {
        case .every(let seconds, let anchor): anchor + Int64(slot) * Int64(seconds)
        case .days(let zone): zone.start(of: LocalDate(daysSince1970: slot))
        }
    }

    package func end(of slot: Int) -> Int64 { start(of: slot + 1) }

    package func slot(containing instant: Int64) -> Int {
        switch self {
        case .every(let seconds, let anchor): Int((instant - anchor).flooredQuotient(Int64(seconds)))
        case .days(let zone): zone.day(at: instant).daysSince1970
        }
    }

    /// The slots that start in `[from, to)`.
    package func slots(from: Int64, to: Int64) -> Range<Int> {
        let first = firstSlot(notBefore: from)
        return first..<max(first, firstSlot(notBefore: to))
    }

    /// The one slot that lasts at an instant.
    package func slots(holding instant: Int64) -> Range<Int> {
        let slot = slot(containing: instant)
        return slot..<slot + 1
    }

    /// All instants of a range of slots.
    package func instants(of slots: Range<Int>) -> Range<Int64> { start(of: slots.lowerBound)..<start(of: slots.upperBound) }

    /// The slots of this ruler in which the slots of another begin: which periods a run of slots lies in. Only the run's ends are
    /// looked at, so it holds where these slots are at least as long as the others.
    package func slots(holding run: Range<Int>, of finer: Ruler) -> Range<Int> {
        if run.isEmpty || self == finer { return run }
        return slot(containing: finer.start(of: run.lowerBound))..<slot(containing: finer.start(of: run.upperBound - 1)) + 1
    }

    private func firstSlot(notBefore instant: Int64) -> Int {
        let slot = slot(containing: instant)
        return start(of: slot) < instant ? slot + 1 : slot
    }
}
