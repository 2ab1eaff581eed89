internal import Bytes
internal import Series
internal import Store

/// `/datasets/{dataset}`: its facts, and how fresh it is.
extension AnswerMaker {
    func facts() async throws -> FreshAnswer {
        let snapshot = try await snapshot()
        let scope = Scope(dataset, from: nil, to: nil, now: now)
        var json = JSONWriter(capacity: 2048)
        json.beginObject()
        json.member("name", dataset.name)
        json.member("title", dataset.title)
        json.member("unit", dataset.unit)
        json.member("time_zone", dataset.zone.name)
        writeCalendar(&json, snapshot.series.map(\.key))
        json.key("keys")
        json.beginArray()
        for name in dataset.keys { json.string(name) }
        json.endArray()
        json.member("series", snapshot.series.count)
        writeDueLag(&json, snapshot.series.map(\.key))
        json.member("due_from", dataset.dueFrom.word)
        json.member("due_period", dataset.dueFrom.word == DueFrom.periodEnd.word ? Self.length(of: dataset.periods) : nil)
        json.member("horizon", "P\(dataset.horizonDays)D")
        writeRoster(&json)
        writeShapes(&json)
        json.key("budget")
        json.beginObject()
        json.member("upstream", dataset.upstream.name)
        json.member("requests", dataset.upstream.rate.count)
        json.member("window", ISODuration.text(Int64(dataset.upstream.rate.seconds)))
        json.endObject()
        let schedules = try await schedules()
        writeSchedules(&json, schedules)
        writeFreshness(&json, scope, snapshot)
        json.endObject()
        let changes = [scope.nextChange(snapshot.series), nextChange(schedules)].compactMap(\.self)
        return fresh(json.bytes, of: snapshot, until: changes.min())
    }

    private func schedules() async throws -> [StoredSchedule] {
        do {
            return try await store.schedules(of: [dataset.name])
        } catch StoreError.unavailable {
            throw AnswerError.storeUnavailable(retryAfter: 1)
        }
    }

    /// A run raises no version: what is told of it holds until the next one. One that is due will be done any moment.
    private func nextChange(_ schedules: [StoredSchedule]) -> Int64? {
        schedules.map { max($0.nextDue, now + Int64(clock.shownSeconds(1).rounded(.up))) }.min()
    }

    private func writeSchedules(_ json: inout JSONWriter, _ schedules: [StoredSchedule]) {
        json.member("next_run", instant: schedules.map(\.nextDue).min(), in: dataset.zone)
        json.key("schedules")
        json.beginArray()
        for schedule in schedules {
            json.beginObject()
            json.member("name", schedule.name)
            json.member("when", schedule.recurrence)
            json.member("next_run", instant: schedule.nextDue, in: dataset.zone)
            json.member("last_run", instant: schedule.lastRun, in: dataset.zone)
            json.member("last_ingestion", schedule.lastIngestion)
            json.endObject()
        }
        json.endArray()
    }

    /// `P1D` of a local day, which has no fixed length.
    private static func length(of ruler: Ruler) -> String {
        if case .every(let seconds, _) = ruler { ISODuration.text(Int64(seconds)) } else { "P1D" }
    }

    private func writeCalendar(_ json: inout JSONWriter, _ known: [SeriesKey]) {
        json.key("calendar")
        json.beginObject()
        let calendars = commonCalendars(known)
        guard let calendar = calendars.first else { return writeCalendars(&json, known) }
        json.member("slot", Self.length(of: calendar.ruler))
        switch calendar.ruler {
        case .every(let seconds, _):
            json.member("parts", calendar.parts)
            json.member("part", ISODuration.text(Int64(seconds / calendar.parts)))
        case .days:
            json.member("parts", 1)
            json.member("part", "P1D")
        }
        json.member("slots", calendars.allSatisfy { $0.existing == .all } ? "all" : "sessions")
        json.endObject()
    }

    /// The calendars of the series, where their slots have the same marks; empty where they have not.
    private func commonCalendars(_ known: [SeriesKey]) -> Set<Series.Calendar> {
        if case .alike(let calendar) = dataset.calendars { return [calendar] }
        if dataset.roster != nil { return [] }
        let calendars = Set((dataset.followed + known.filter(dataset.follows)).map(dataset.calendar))
        return Set(calendars.map { CalendarMarks(ruler: $0.ruler, parts: $0.parts) }).count == 1 ? calendars : []
    }

    private struct CalendarMarks: Hashable {
        let ruler: Ruler
        let parts: Int
    }

    /// The series of which it is told which slots are expected, and the words for slots that this makes missing, empty or none at all.
    private func writeRoster(_ json: inout JSONWriter) {
        json.key("roster")
        guard let roster = dataset.roster else { return json.null() }
        json.beginObject()
        json.key("series")
        json.beginObject()
        json.members(of: roster.series, names: dataset.keys)
        json.endObject()
        json.key("reasons")
        json.beginArray()
        for reason in [roster.emptyReason, roster.doubtReason, roster.untoldReason, roster.unexpectedReason] {
            json.beginObject()
            json.member("reason", reason)
            json.member("text", dataset.reasonTexts[reason])
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// Of slots whose length is the series' own: the lengths there are.
    private func writeCalendars(_ json: inout JSONWriter, _ known: [SeriesKey]) {
        let seconds = Set((dataset.followed + known.filter(dataset.follows)).compactMap { key in
            if case .every(let seconds, _) = dataset.calendar(of: key).ruler { seconds } else { nil }
        })
        json.key("slot")
        json.null()
        json.key("lengths")
        json.beginArray()
        for length in seconds.sorted() { json.string(ISODuration.text(Int64(length))) }
        json.endArray()
        json.member("parts", 1)
        json.key("part")
        json.null()
        json.member("slots", dataset.roster == nil ? "all" : "told")
        json.endObject()
    }

    /// A duration where all series share it; else a list of lags with the key values that tell their series apart.
    private func writeDueLag(_ json: inout JSONWriter, _ known: [SeriesKey]) {
        let keys = known.isEmpty ? dataset.followed : known
        let groups = Dictionary(grouping: keys, by: dataset.dueLag)
        json.key("due_lag")
        if groups.count < 2 {
            if let lag = groups.keys.first { json.string(ISODuration.text(Int64(lag))) } else { json.null() }
            return
        }
        json.beginArray()
        for (lag, group) in groups.sorted(by: { $0.key < $1.key }) {
            json.beginObject()
            for (index, name) in dataset.keys.enumerated() {
                let values = Set(group.map { $0.values[index] })
                if values == Set(keys.map { $0.values[index] }) { continue }
                json.key(name)
                json.beginArray()
                for value in values.sorted() { json.string(value) }
                json.endArray()
            }
            json.member("due_lag", ISODuration.text(Int64(lag)))
            json.endObject()
        }
        json.endArray()
    }

    private func writeShapes(_ json: inout JSONWriter) {
        func write(_ name: String, _ cost: Cost) {
            json.key(name)
            json.beginObject()
            json.member("requests", cost.requests)
            json.member("tokens", cost.tokens)
            json.endObject()
        }
        json.key("call_shapes")
        json.beginArray()
        for shape in dataset.shapes {
            json.beginObject()
            json.member("name", shape.name)
            switch shape.kind {
            case .window(let periods):
                json.member("kind", "window")
                json.member("periods_max", periods)
            case .sweep: json.member("kind", "sweep")
            case .snapshot(let subjects):
                json.member("kind", "snapshot")
                json.member("subjects_max", subjects)
            case .newest(let slots):
                json.member("kind", "newest")
                json.member("slots_max", slots)
            case .tape: json.member("kind", "tape")
            case .file: json.member("kind", "file")
            case .inference: json.member("kind", "inference")
            case .batch(let series):
                json.member("kind", "batch")
                json.member("series_max", series)
            }
            json.key("cost")
            json.beginObject()
            write("fixed", shape.fixed)
            write("per_period", shape.perPeriod)
            write("per_series", shape.perSeries)
            json.endObject()
            json.endObject()
        }
        json.endArray()
    }

    private func writeFreshness(_ json: inout JSONWriter, _ scope: Scope, _ snapshot: Snapshot) {
        let held = snapshot.series.compactMap { one in
            let calendar = dataset.calendar(of: one.key)
            return one.ledger.lastHeldSlot(parts: calendar.parts).map(calendar.ruler.end(of:))
        }.max()
        let due = snapshot.series.map { dataset.calendar(of: $0.key).ruler.start(of: scope.dueBefore($0.key)) }.max()
        let tally = snapshot.series.reduce(Tally()) { $0 + scope.tally($1) }
        json.key("freshness")
        json.beginObject()
        json.member("changed_at", instant: snapshot.version?.changedAt, in: dataset.zone)
        json.member("held_until", instant: held, in: dataset.zone)
        json.member("due_until", instant: due, in: dataset.zone)
        json.member("expected", tally.expected)
        json.member("present", tally.present)
        json.member("missing", tally.missing)
        json.member("completeness", tally.completeness)
        json.endObject()
    }
}
