internal import Series
internal import Store

/// What is other about plans where a listing tells what there is (`Roster`).
extension Planning {
    /// Nothing but a listing makes series there: a name that none has named is refused.
    static func requireListed(_ selection: Selection, of dataset: Dataset, _ series: [StoredSeries]) throws(InputError) {
        guard let roster = dataset.roster, let values = selection.keys[roster.key], let place = dataset.keys.firstIndex(of: roster.key)
        else { return }
        let known = Set(series.map { $0.key.values[place] })
        guard let stranger = values.first(where: { !known.contains($0) }) else { return }
        throw InputError(
            roster.key,
            "\(SelectionJSON.clipped(stranger)) is not known here: no listing has named it; list the days first "
                + "(\(roster.key) \(roster.series.values[place]))",
            isUnknownName: true)
    }

    /// Demands with what tells which slots are expected, which is asked for first, and without what comes with it. The numbers of series
    /// that are new among them are added to `ids`.
    static func withTellers(
        _ demands: [Demand], _ selection: Selection, of dataset: Dataset, _ series: [StoredSeries], _ ids: inout [SeriesKey: Int],
        except reserved: Reserved?, now: Int64
    ) -> [Demand] {
        guard let roster = dataset.roster else { return demands }
        let (from, to) = (selection.from ?? now, selection.to ?? now)
        let known = Dictionary(uniqueKeysWithValues: series.map { ($0.key, $0.id) })
        let ledgers = Dictionary(uniqueKeysWithValues: series.map { ($0.key, $0.ledger) })
        var all = demands
        for demand in dataset.tellersFirst(selection, ledgers, from: from, to: to, now: now) {
            guard let id = known[demand.series] else { continue }
            ids[demand.series] = id
            let left = reserved.map { demand.missing.subtracting($0.slots(of: id)) } ?? demand.missing
            if !left.isEmpty { all.append(Demand(series: demand.series, missing: left)) }
        }
        // What a listing brings comes with it, whoever asks for that and when.
        var whole = demands.first { $0.series == roster.series }?.missing ?? SlotSet()
        if dataset.lists(selection), let ledger = ledgers[roster.series] {
            whole.formUnion(dataset.lacking(ledger, from: from, to: to, now: now).missing)
        }
        return dataset.relieved(all, by: whole)
    }

    /// What of missing slots is not asked for now, for people; nil where that is nothing.
    static func resting(_ series: [StoredSeries], _ selection: Selection, of dataset: Dataset, now: Int64) -> String? {
        if selection.mode == .refresh { return nil }
        let slots = series.lazy.filter { !$0.ledger.resting.isEmpty && dataset.selects($0.key, by: selection) }.reduce(0) { sum, one in
            let range = dataset.slots(of: one.key, from: selection.from ?? now, to: selection.to ?? now)
            let existing = one.ledger.existing(in: range, dataset.calendar(of: one.key))
            return sum + one.ledger.resting.subtracting(one.ledger.excluded).intersection(existing).count
        }
        if slots == 0 { return nil }
        let what = dataset.roster == nil ? "what the upstream told of them was refused"
            : "what the upstream told of them was refused, or it said nothing, which is doubted"
        return "\(slots) missing slot\(slots == 1 ? " rests" : "s rest"): \(what); each is asked for again in its time, and mode refresh "
            + "asks now"
    }
}
