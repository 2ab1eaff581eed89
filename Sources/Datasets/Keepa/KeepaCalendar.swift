package import Series

/// Which refresh periods the series have.
package struct KeepaCalendar: Sendable {
    private let refresh: Keepa.Refresh

    package init(_ refresh: Keepa.Refresh) { self.refresh = refresh }

    /// Of current figures: those of all products begin together.
    package var periods: Ruler { .every(seconds: refresh.currentSeconds, anchor: 0) }

    /// Histories of a product begin with one of its current slots, so that a call for both serves both; which of them is told by the ASIN,
    /// so that the dear calls are spread over all days.
    package func ruler(of key: SeriesKey) -> Ruler {
        guard Keepa.group(key) == .history else { return periods }
        let phases = UInt64(refresh.historySeconds / refresh.currentSeconds)
        let phase = Int64(Self.fnv1a(key.values[0]) % phases)
        return .every(seconds: refresh.historySeconds, anchor: phase * Int64(refresh.currentSeconds))
    }

    /// The slot that lasts at an instant is to be had, and none before it.
    package func reach(_ key: SeriesKey, now: Int64) -> Reach {
        let ruler = ruler(of: key)
        let slot = ruler.slot(containing: now)
        return Reach(
            from: ruler.start(of: slot), reason: Keepa.passed,
            action: "None: the upstream tells what is now, and this refresh period has passed.",
            holds: ruler.instants(of: slot..<slot + 1))
    }

    /// FNV-1a of 64 bits (Fowler, Noll, Vo) over the UTF-8 bytes: the same on every machine and in every year.
    static func fnv1a(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }
}
