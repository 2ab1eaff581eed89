internal import Series
internal import Store

/// Calls that ask for what is now: what of them is still to be asked for when their turn comes.
extension Worker {
    /// Why a call is not made any more; nil where it is, for those of its series then that still lack something.
    func needless(_ holding: HeldTask, _ dataset: Dataset) async throws -> String? {
        guard dataset.asksForNow else { return nil }
        if let reason = overtaken(holding.claim, try await seriesKeys(holding.claim), dataset) { return reason }
        let wanted = try await stillWanted(holding.claim, dataset)
        if wanted.isEmpty { return "not asked: other calls have brought what it was to fill" }
        holding.claim = holding.claim.naming(wanted)
        return nil
    }

    /// Why a call for what is now is not made any more: all that it was to fill has passed. nil where any of it has not.
    private func overtaken(_ task: ClaimedTask, _ keys: [SeriesKey], _ dataset: Dataset) -> String? {
        let now = clock.now
        let isPast = keys.allSatisfy { key in
            let slots = dataset.slots(of: key, in: task.periods)
            return dataset.calendar(of: key).ruler.end(of: slots.upperBound - 1) <= now
        }
        return isPast ? "not asked: the slots that it was to fill had passed before the call could be made" : nil
    }

    /// The series of a call whose subjects lack anything now: what another call has brought since the plan was made costs nobody twice. All
    /// of them where they are asked for again on purpose.
    private func stillWanted(_ task: ClaimedTask, _ dataset: Dataset) async throws -> [Int] {
        guard try await !store.isRefresh(ingestion: task.ingestionID) else { return task.seriesIDs }
        let now = clock.now
        let series = try await store.ledgers(of: dataset, ids: task.seriesIDs, now: now)
        var lacking: Set<String> = []
        for one in series {
            let slot = dataset.calendar(of: one.key).ruler.slot(containing: now)
            let missing = one.ledger.missing(
                in: slot..<slot + 1, calendar: dataset.calendar(of: one.key), dueBefore: dataset.dueBefore(one.key, now: now))
            if !missing.isEmpty { lacking.insert(dataset.family(one.key)) }
        }
        let wanted = Set(series.filter { lacking.contains(dataset.family($0.key)) }.map(\.id))
        return task.seriesIDs.filter(wanted.contains)
    }
}
