internal import Bytes
internal import Series
internal import Store

/// Why the slots of a gap are not present, for people and for programs.
extension Scope {
    func reason(_ gap: Gap, of one: StoredSeries) -> String {
        let partial = gap.partsHeld > 0 ? "partial \(gap.partsHeld)/\(dataset.calendar(of: one.key).parts)" : nil
        switch gap.state {
        case .present: return partial ?? "missing"
        case .missing: return partial ?? gap.note.map { one.notes.remarks[$0] } ?? "missing"
        case .pending:
            let due = dataset.due(gap.range.lowerBound, of: one.key)
            let until = "not due until " + Timestamp.text(due, offset: offset(at: due))
            return partial.map { "\($0), \(until)" } ?? until
        case .absent:
            return partial ?? absence(gap, of: one)?.reason ?? dataset.absenceReason(of: gap.range.lowerBound, one.key)
        case .excluded: return exclusion(gap, of: one)?.note ?? "excluded by a person"
        case .quarantined:
            let why = gap.note.map { one.notes.refusals[$0] } ?? "failed validation"
            return partial.map { "\($0), \(why)" } ?? why
        case .unfillable: return dataset.reach(one.key, now)?.reason ?? "no call would fill it"
        }
    }

    /// What the upstream said of an absent gap, or of one that is missing since that is doubted.
    func absence(_ gap: Gap, of one: StoredSeries) -> Absence? { one.notes.absence(of: gap) }

    func exclusion(_ gap: Gap, of one: StoredSeries) -> SlotNotes.Excluded? {
        gap.state == .excluded ? gap.note.map { one.notes.exclusions[$0] } : nil
    }
}

extension JSONWriter {
    /// By what a gap can be filled, run by run; nothing where its dataset has one way.
    private mutating func fillings(_ fillings: [Filling], of key: SeriesKey, in scope: Scope) {
        if fillings.isEmpty { return }
        self.key("fill")
        beginArray()
        for filling in fillings.prefix(Scope.fillingsShown) { member(filling, of: key, in: scope) }
        endArray()
    }

    /// One run of slots, and by what it can be filled.
    mutating func member(_ filling: Filling, of key: SeriesKey, in scope: Scope) {
        let ruler = scope.dataset.calendar(of: key).ruler
        let zone = scope.dataset.zone
        beginObject()
        member("from", instant: ruler.start(of: filling.range.lowerBound), in: zone)
        member("to", instant: ruler.end(of: filling.range.upperBound - 1), in: zone)
        member("slots", filling.slots)
        member("way", filling.way.rawValue)
        member("until", instant: filling.until, in: zone)
        self.key("requests")
        if let requests = filling.requests { int(requests) } else { null() }
        member("download", filling.download?.name)
        member("action", filling.action)
        endObject()
    }

    /// The members of a gap, without its series.
    mutating func members(_ gap: Gap, of one: StoredSeries, in scope: Scope) {
        let ruler = scope.dataset.calendar(of: one.key).ruler
        let zone = scope.dataset.zone
        member("from", instant: ruler.start(of: gap.range.lowerBound), in: zone)
        // Up to the end of its last slot: the next one that the calendar has may be days later.
        member("to", instant: ruler.end(of: gap.range.upperBound - 1), in: zone)
        member("slots", gap.slots)
        member("state", gap.state.rawValue)
        member("reason", scope.reason(gap, of: one))
        if let absence = scope.absence(gap, of: one) {
            member("since", instant: absence.since, in: zone)
            member("asked", instant: absence.asked, in: zone)
            member("next_ask", instant: absence.nextAsk, in: zone)
        }
        if let exclusion = scope.exclusion(gap, of: one) { member("exclusion", exclusion.id) }
        fillings(scope.fillings(gap, of: one), of: one.key, in: scope)
        if gap.state == .unfillable, let reach = scope.dataset.reach(one.key, scope.now) { member("action", reach.action) }
    }
}
