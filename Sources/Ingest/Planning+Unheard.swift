internal import Series
internal import Store

extension Planning {
    private static let unheardShown = 10

    /// Series of which the upstream was asked and has never told anything, for people: their names may be misspelt. Of datasets whose
    /// series begin with what is told of them; nil where there are none.
    static func unheardOf(_ series: [StoredSeries], _ selection: Selection, of dataset: Dataset) -> String? {
        guard dataset.beginsWithFirstRow else { return nil }
        let names = series.filter { one in
            one.ledger.held.isEmpty && one.ledger.provisional.isEmpty && one.ledger.quarantined.isEmpty && !one.ledger.absent.isEmpty
                && dataset.selects(one.key, by: selection)
        }.map(\.key.description)
        if names.isEmpty { return nil }
        let rest = names.count - unheardShown
        return "the upstream has never told anything of \(names.prefix(unheardShown).joined(separator: ", "))"
            + (rest > 0 ? " and \(rest) more" : "")
            + ": what is misspelt is complete for want of anything to expect"
    }
}
