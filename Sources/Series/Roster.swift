/// How it is told which slots of a series are expected, where no calendar says it: by rows of other series of the dataset. (Accounts: an
/// hour is expected on a day of which the account has a daily row; a day's listing of all accounts says which have one.) Pure.
///
/// Three kinds of series: the **roster**, a slot of which is held when the listing of that slot came to a proved end; the **listed** ones,
/// of slots as long as the roster's, which are held where the listing names them; and those that a listed one **tells** of.
package struct Roster: Sendable {
    /// The roster's series.
    package let series: SeriesKey
    /// The key whose values the roster lists: `account_id`.
    package let key: String
    package let isListed: @Sendable (SeriesKey) -> Bool
    /// The listed series that tells of this one; nil of a listed one and of the roster.
    package let teller: @Sendable (SeriesKey) -> SeriesKey?
    /// The series that a listed one tells of, which are made with it.
    package let told: @Sendable (SeriesKey) -> [SeriesKey]
    /// The integer columns that count what happened in a slot: of the teller, and of what it tells of. Where a teller's count is the sum of
    /// those that are held, nothing happened in the other slots.
    package let tellerCount: String
    package let toldCount: String
    /// Why a slot is known to be empty (`no_trade`), by equal counts.
    package let emptyReason: String
    /// Why a slot of which the upstream says nothing is missing all the same (`trades_differ`): counts differ. It is asked for again as an
    /// absent one is.
    package let doubtReason: String
    /// Why a slot is missing for which nobody can ask yet: whether it is expected has not been told.
    package let untoldReason: String
    /// Why a slot does not exist: it was told that nothing is expected there. (A word for `Dataset.reasonTexts`.)
    package let unexpectedReason: String

    package init(
        series: SeriesKey, key: String, isListed: @escaping @Sendable (SeriesKey) -> Bool,
        teller: @escaping @Sendable (SeriesKey) -> SeriesKey?,
        told: @escaping @Sendable (SeriesKey) -> [SeriesKey], tellerCount: String, toldCount: String, emptyReason: String,
        doubtReason: String, untoldReason: String, unexpectedReason: String = "unexpected"
    ) {
        self.unexpectedReason = unexpectedReason
        self.series = series
        self.key = key
        self.isListed = isListed
        self.teller = teller
        self.told = told
        self.tellerCount = tellerCount
        self.toldCount = toldCount
        self.emptyReason = emptyReason
        self.doubtReason = doubtReason
        self.untoldReason = untoldReason
    }

    /// Slots of a listed series that the listing does not name: they are not expected. One of which a record came that was refused is.
    package func unexpected(ofListed ledger: Ledger, roster: Ledger) -> SlotSet {
        roster.held.subtracting(ledger.held).subtracting(ledger.quarantined)
    }

    /// What is told of a series: slots that are not expected, and those of which that is not known. `longer`: slots of the teller in
    /// those of the series.
    package func told(by teller: Ledger, roster: Ledger, in longer: FinerSlots) -> (unexpected: SlotSet, untold: SlotSet) {
        let known = roster.held.union(teller.held).union(teller.absent).subtracting(teller.quarantined.subtracting(teller.held))
            // What a person does not expect tells of nothing.
            .union(teller.excluded)
        let unknown = longer.coarser(touching: SlotSet(Ledger.always)).subtracting(known)
        return (longer.finer(in: known.subtracting(teller.held)), longer.finer(in: unknown))
    }
}

extension Dataset {
    /// The ledger of a series with what a roster tells of its slots. `ledgers`: its own, and those of `tellers(of:)`; what is not among
    /// them tells nothing. nil where its own is not.
    package func told(_ ledgers: [SeriesKey: Ledger], of key: SeriesKey) -> Ledger? {
        guard var ledger = ledgers[key], let roster, key != roster.series else { return ledgers[key] }
        let whole = ledgers[roster.series] ?? Ledger(key: roster.series)
        if roster.isListed(key) {
            ledger.unexpected = roster.unexpected(ofListed: ledger, roster: whole)
        } else if let name = roster.teller(key), let longer = FinerSlots(of: calendar(of: key).ruler, in: calendar(of: name).ruler) {
            (ledger.unexpected, ledger.untold) = roster.told(by: ledgers[name] ?? Ledger(key: name), roster: whole, in: longer)
        }
        return ledger
    }

    /// Without slots of listed series that a call for the roster will bring anyway: `whole` of it.
    package func relieved(_ demands: [Demand], by whole: SlotSet) -> [Demand] {
        guard let roster, !whole.isEmpty else { return demands }
        return demands.compactMap { demand in
            if !roster.isListed(demand.series) { return demand }
            let left = demand.missing.subtracting(whole)
            return left.isEmpty ? nil : Demand(series: demand.series, missing: left)
        }
    }

    /// What has to be asked for first, since it tells which of the selected slots are expected: the roster where all that it lists is
    /// meant, else the tellers of what is selected; and the tellers of what is doubted, for either side may be the wrong one. Also where
    /// the selection itself does not name those. `ledgers`: of all series.
    package func tellersFirst(_ selection: Selection, _ ledgers: [SeriesKey: Ledger], from: Int64, to: Int64, now: Int64) -> [Demand] {
        guard let roster else { return [] }
        let isListed = lists(selection)
        var first: [Demand] = []
        if isListed, let ledger = ledgers[roster.series] {
            let mode = selection.mode == .incremental ? Selection.Mode.incremental : .missing
            first.append(demand(mode, of: ledger, from: from, to: to, now: now))
        }
        for ledger in ledgers.values where !(ledger.doubted.isEmpty && (isListed || ledger.untold.isEmpty)) {
            guard selects(ledger.key, by: selection), let name = roster.teller(ledger.key), follows(name), let teller = ledgers[name],
                let longer = FinerSlots(of: calendar(of: ledger.key).ruler, in: calendar(of: name).ruler)
            else { continue }
            var asked = SlotSet()
            if !isListed {
                let untold = ledger.untold.subtracting(ledger.excluded).intersection(slots(of: ledger.key, from: from, to: to))
                asked = lacking(teller, from: from, to: to, now: now).missing.intersection(longer.coarser(touching: untold))
            }
            if selection.mode != .refresh {
                // What is not asked for itself, since a person does not expect it, needs no check either.
                let doubted = lacking(ledger, from: from, to: to, now: now).missing.intersection(ledger.doubted)
                asked.formUnion(longer.coarser(touching: doubted))
            }
            first.append(Demand(series: name, missing: asked))
        }
        return first.filter { !$0.missing.isEmpty }
    }

    /// Whether a selection means all that a roster lists, and there is one to list it.
    package func lists(_ selection: Selection) -> Bool {
        roster.map { selection.keys[$0.key] == nil && follows($0.series) } ?? false
    }

    /// The series that tell which slots of some are expected.
    package func tellers(of keys: some Sequence<SeriesKey>) -> Set<SeriesKey> {
        guard let roster else { return [] }
        var tellers = Set(keys.compactMap(roster.teller))
        tellers.insert(roster.series)
        return tellers
    }
}
