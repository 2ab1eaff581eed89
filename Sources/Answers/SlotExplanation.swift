internal import Bytes
package import Series
package import Store

/// Why one slot of one series is as it is: what is held of it, what was tried, what was said, and what would fill it.
package struct SlotExplanation {
    /// When the slot is asked for the next time.
    private enum Try {
        case nextIngestion(since: Int64?, String)
        case recheck(Int64, String)
        case due(Int64, String)
        case never(String)
    }

    private let dataset: Dataset
    private let key: SeriesKey
    private let slot: Int
    private let store: Store
    private let scope: Scope

    /// So many calls are told of.
    private static let attemptsMax = 20

    /// `now`: the shown clock.
    package init(_ slot: Int, of key: SeriesKey, in dataset: Dataset, store: Store, now: Int64) {
        self.dataset = dataset
        self.key = key
        self.slot = slot
        self.store = store
        let ruler = dataset.calendar(of: key).ruler
        scope = Scope(dataset, from: ruler.start(of: slot), to: ruler.end(of: slot), now: now)
    }

    /// Throws `AnswerError.unknownSeries`, `.unknownCombination`, `.unknownSlot`, and what the store throws.
    package func json() async throws -> [UInt8] {
        guard let facts = try await store.facts(of: slot, key, dataset, attempts: Self.attemptsMax, now: scope.now) else {
            throw try await unknownSeries()
        }
        let one = facts.series
        if one.ledger.existing(in: slot..<slot + 1, dataset.calendar(of: key)).isEmpty { throw unknownSlot(one.ledger) }
        let gap = scope.gaps(one).first
        let state = gap?.state ?? .present
        var json = JSONWriter(capacity: 2048)
        json.beginObject()
        json.member("dataset", dataset.name)
        json.members(of: key, names: dataset.keys)
        json.member("from", instant: scope.from, in: dataset.zone)
        json.member("to", instant: scope.to, in: dataset.zone)
        json.member("state", state.rawValue)
        json.member("reason", gap.map { scope.reason($0, of: one) })
        json.key("expected")
        json.bool(![.pending, .absent, .excluded].contains(state))
        json.key("followed")
        json.bool(isFollowed)
        json.member("due_at", instant: dueAt, in: dataset.zone)
        write(facts.parts, held: one.ledger, to: &json)
        write(facts.attempts, to: &json)
        writeReasons(gap, one, to: &json)
        let next = nextTry(state, gap, one)
        write(next, to: &json)
        json.member("action", action(state, gap, one))
        if dataset.hasWays { try await writeFilling(gap, one, to: &json) }
        json.endObject()
        return json.bytes
    }

    /// By what it can be filled, where it is missing.
    private func writeFilling(_ gap: Gap?, _ one: StoredSeries, to json: inout JSONWriter) async throws {
        json.key("fill")
        guard let gap, gap.state == .missing || gap.state == .quarantined else { return json.null() }
        let all = try await store.ledgers(of: dataset).filter { dataset.channel($0.key) == dataset.channel(key) }
        let telling = scope.knowing(all, try await EventRates.near([scope.missing(of: one)], all, of: dataset, in: store))
        guard let filling = telling.fillings(gap, of: one).first else { return json.null() }
        json.member(filling, of: key, in: telling)
    }

    private var isFollowed: Bool { dataset.follows(key) }
    private var dueAt: Int64 { dataset.due(slot, of: key) }
    private var reach: Reach? { dataset.reach(key, scope.now) }

    /// Named is the first value that no series has.
    private func unknownSeries() async throws -> AnswerError {
        let known = try await store.entries(of: dataset.name).map(\.key)
        let asked = Dictionary(uniqueKeysWithValues: zip(dataset.keys, key.values.map { [$0] }))
        do throws(AnswerError) { try dataset.requireSeries(asked, among: known) } catch { return error }
        return .unknownCombination
    }

    private func unknownSlot(_ ledger: Ledger) -> AnswerError {
        guard let roster = dataset.roster, ledger.unexpected.contains(slot) else { return .unknownSlot }
        let reason = roster.unexpectedReason
        return .unexpectedSlot(reason: reason, text: dataset.reasonTexts[reason] ?? "Nothing is expected there, as the upstream told.")
    }

    // MARK: What is known

    private func write(_ parts: [SlotFacts.Part], held ledger: Ledger, to json: inout JSONWriter) {
        let total = dataset.calendar(of: key).parts
        json.key("parts")
        json.beginObject()
        json.member("held", ledger.held.count(in: slot * total..<(slot + 1) * total))
        json.member("provisional", ledger.provisional.count(in: slot * total..<(slot + 1) * total))
        json.member("total", total)
        json.key("rows")
        json.beginArray()
        for part in parts {
            json.beginObject()
            json.member("datetime", instant: part.time, in: dataset.zone)
            json.key("values")
            json.beginObject()
            for (column, value) in zip(dataset.schema(of: key).columns, part.values) {
                json.key(column.name)
                json.value(value, column.kind)
            }
            json.endObject()
            json.key("task")
            if let task = part.task { json.int(task) } else { json.null() }
            json.member("ingestion", part.ingestion)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private func write(_ attempts: [SlotFacts.Attempt], to json: inout JSONWriter) {
        json.key("attempts")
        json.beginArray()
        for attempt in attempts {
            json.beginObject()
            json.member("task", Int(attempt.task))
            json.member("ingestion", attempt.ingestion)
            json.member("shape", attempt.shape)
            json.member("status", attempt.status)
            json.member("times", attempt.times)
            json.member("requests", attempt.requests)
            json.member("ended", attempt.ended)
            let isGone = attempt.ended == nil && ["done", "failed", "parked"].contains(attempt.status)
            json.member("reason", isGone ? "its receipt is no longer kept" : attempt.reason)
            json.member("ended_at", instant: attempt.endedAt, in: .utc)
            json.endObject()
        }
        json.endArray()
    }

    private func writeReasons(_ gap: Gap?, _ one: StoredSeries, to json: inout JSONWriter) {
        json.key("absence")
        if let absence = gap.flatMap({ scope.absence($0, of: one) }) {
            json.beginObject()
            json.member("reason", absence.reason)
            json.member("since", instant: absence.since, in: dataset.zone)
            json.member("asked", instant: absence.asked, in: dataset.zone)
            json.member("attempts", absence.attempts)
            json.member("next_ask", instant: absence.nextAsk, in: dataset.zone)
            json.member("task", Int(absence.evidence))
            json.endObject()
        } else {
            json.null()
        }
        json.key("exclusion")
        if let exclusion = gap.flatMap({ scope.exclusion($0, of: one) }) {
            json.beginObject()
            json.member("id", exclusion.id)
            json.member("note", exclusion.note)
            json.member("made_by", exclusion.madeBy)
            json.member("made_at", instant: exclusion.madeAt, in: .utc)
            json.endObject()
        } else {
            json.null()
        }
        json.key("reach")
        if let reach {
            json.beginObject()
            json.member("from", instant: reach.from, in: dataset.zone)
            json.member("reason", reach.reason)
            json.member("action", reach.action)
            json.endObject()
        } else {
            json.null()
        }
    }

    // MARK: What comes next

    private func nextTry(_ state: SlotState, _ gap: Gap?, _ one: StoredSeries) -> Try {
        if state == .present { return .never("all of it is held") }
        if !isFollowed { return .never("the series is not followed") }
        switch state {
        case .present, .excluded: return .never("a person has excluded it")
        case .unfillable: return .never("the upstream does not serve it")
        case .pending: return .due(dueAt, "the first ingestion from then on asks for it")
        case .missing where one.ledger.untold.contains(slot):
            return .nextIngestion(since: nil, "it asks whether the slot is expected, and then for the slot")
        case .quarantined:
            let rests = one.ledger.resting.contains(slot)
            return .nextIngestion(
                since: nil,
                rests ? "in its time: what was refused rests for six hours, then a day, a week, a month" : "it is due and missing")
        case .missing, .absent:
            guard let absence = gap.flatMap({ scope.absence($0, of: one) }) else {
                return state == .missing
                    ? .nextIngestion(since: nil, "it is due and missing") : .never("the upstream has nothing there")
            }
            guard let next = absence.nextAsk else { return .never("the upstream has nothing there, and will not have") }
            if one.ledger.absent.contains(slot), dataset.judged(one.ledger, now: scope.now).unfillable.contains(slot) {
                return .never("the upstream does not serve it any more")
            }
            return next <= scope.now
                ? .nextIngestion(since: next, "it is time to ask again") : .recheck(next, "the first ingestion from then on asks again")
        }
    }

    private func write(_ next: Try, to json: inout JSONWriter) {
        let (when, at, why): (String, Int64?, String) = switch next {
        case .nextIngestion(let since, let why): ("next_ingestion", since, why)
        case .recheck(let at, let why): ("recheck", at, why)
        case .due(let at, let why): ("due", at, why)
        case .never(let why): ("never", nil, why)
        }
        json.key("next_try")
        json.beginObject()
        json.member("when", when)
        json.member("at", instant: at, in: dataset.zone)
        json.member("why", why)
        json.endObject()
    }

    /// What would fill it, one sentence for a person.
    private func action(_ state: SlotState, _ gap: Gap?, _ one: StoredSeries) -> String {
        if state != .present, !isFollowed { return "Follow the series: only what is followed is asked for." }
        if state == .absent || state == .missing, let text = gap.flatMap({ dataset.reasonTexts[scope.reason($0, of: one)] }) { return text }
        switch state {
        case .present: return "None: all of it is held."
        case .excluded:
            let path = gap.flatMap { scope.exclusion($0, of: one) }.map { "DELETE /v1/\(dataset.name)/exclusions/\($0.id)" }
            return "Lift the exclusion\(path.map { " (\($0))" } ?? ""), and the next ingestion asks for it."
        case .absent:
            let absence = gap.flatMap { scope.absence($0, of: one) }
            return absence.map { $0.nextAsk == nil } ?? false
                ? "None: the upstream has nothing there, and will not have."
                : "Wait for the next ask, or start an ingestion of mode refresh to ask now."
        case .pending: return "Wait until it is due; an ingestion from then on asks for it."
        case .quarantined:
            return "Look at what was refused (GET /v1/\(dataset.name)/quarantine) and release it where it is right; an ingestion asks "
                + "for it again. Where the upstream will not mend it, exclude the slot."
        case .unfillable: return reach?.action ?? "No call that the upstream offers would fill it."
        case .missing: return "Start an ingestion that holds this slot (POST /v1/ingestions)."
        }
    }
}
