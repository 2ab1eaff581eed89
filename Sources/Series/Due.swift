/// From when on it is counted until the upstream owes a slot.
package enum DueFrom: Sendable {
    /// The slot's own end.
    case slotEnd
    /// The end of the period that the slot lies in: where a call brings all of a period, and only its end tells what is expected of it.
    case periodEnd
    /// The slot's beginning: from then on it can be had, and only until it ends (`CallShape.Kind.snapshot`).
    case slotBegin
    /// An instant within the slot, at which all that it is about has happened: the close of a session, whose slot is the day.
    case close(@Sendable (_ slot: Int) -> Int64)

    /// For programs.
    package var word: String {
        switch self {
        case .slotEnd: "slot_end"
        case .slotBegin: "slot_begin"
        case .periodEnd: "period_end"
        case .close: "close"
        }
    }
}

extension Dataset {
    /// The first slot that is not yet due at `now`: all before it are.
    package func dueBefore(_ key: SeriesKey, now: Int64) -> Int {
        let ruler = calendar(of: key).ruler
        // A slot is due when end + lag <= now, so the slot that contains (now - lag) is the first that is not.
        let instant = now - Int64(dueLag(key))
        switch dueFrom {
        case .slotEnd: return ruler.slot(containing: instant)
        case .slotBegin: return ruler.slot(containing: instant) + 1
        case .periodEnd: return ruler.slot(containing: periods.start(of: periods.slot(containing: instant)))
        case .close:
            // A slot has closed before it ends, so that the one which contains `instant` may be due.
            let slot = ruler.slot(containing: instant)
            return due(slot, of: key) <= now ? slot + 1 : slot
        }
    }

    /// When a slot falls due.
    package func due(_ slot: Int, of key: SeriesKey) -> Int64 {
        let ruler = calendar(of: key).ruler
        let end = switch dueFrom {
        case .slotEnd: ruler.end(of: slot)
        case .slotBegin: ruler.start(of: slot)
        case .periodEnd: periods.end(of: periods.slot(containing: ruler.start(of: slot)))
        case .close(let close): close(slot)
        }
        return end + Int64(dueLag(key))
    }
}
