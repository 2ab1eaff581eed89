internal import Bytes

extension Dataset {
    /// Where what is known of some series begins for a question that names no start: the horizon; or, of a dataset whose series begin with
    /// their first rows, the earliest of these where it is older, so that nothing that was imported is out of sight.
    package func start(knowing ledgers: some Sequence<Ledger>, now: Int64) -> Int64 {
        let horizon = zone.start(of: zone.day(at: now).advanced(by: -horizonDays))
        guard beginsWithFirstRow else { return horizon }
        return ledgers.reduce(horizon) { start, ledger in
            guard let first = ledger.held.union(ledger.provisional).first else { return start }
            return min(start, calendar(of: ledger.key).partRuler.start(of: first))
        }
    }
}
