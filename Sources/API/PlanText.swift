internal import Answers
internal import Bytes
internal import Ingest
internal import Series
internal import Store

/// A plan as clients see it, whether it was made just now or is read again.
struct PlanText {
    let id: String
    let digest: String
    /// Real time.
    let expiresAt: Int64
    /// JSON.
    let selection: [UInt8]
    let figures: PlanFigures
    /// The first of its calls.
    let calls: [StoredCall]
    let callCount: Int
    let whatIf: WhatIfAnswer?

    static let callsShown = 100

    init(_ plan: MadePlan, of dataset: Dataset, whatIf: WhatIfAnswer? = nil) {
        self.whatIf = whatIf
        id = plan.id
        digest = plan.digest
        expiresAt = plan.expiresAt
        selection = Array(SelectionJSON.text(plan.selection, of: dataset).utf8)
        figures = plan.figures
        calls = Array(plan.calls.prefix(Self.callsShown))
        callCount = plan.calls.count
    }

    init(_ plan: StoredPlan, calls: [StoredCall]) {
        whatIf = nil
        id = plan.id
        digest = plan.digest
        expiresAt = plan.expiresAt
        selection = Array(plan.selection.utf8)
        figures = plan.figures
        self.calls = calls
        callCount = plan.callCount
    }

    func write(_ text: CallText) -> JSONWriter {
        var json = JSONWriter(capacity: 1024 + calls.count * 256)
        json.beginObject()
        json.member("id", id)
        json.member("digest", digest)
        json.member("expires_at", instant: expiresAt)
        json.key("selection")
        json.raw(selection)
        json.member("gaps") { json in
            json.member("count", figures.gaps)
            json.member("slots", figures.slots)
        }
        json.key("calls")
        json.beginArray()
        for call in calls {
            json.beginObject()
            text.write(call, to: &json)
            json.endObject()
        }
        json.endArray()
        json.member("calls_next_cursor", callCount > calls.count ? Paging.cursor(Self.list, after: "\(calls.count)") : nil)
        writeTotals(&json, text.dataset)
        writeUnfillable(&json, text.dataset)
        for (name, instant) in [("complete_at", figures.completeAt), ("complete_at_p90", figures.completeAtP90)] {
            json.member(name, instant: instant, offset: instant.map { text.dataset.zone.offset(at: $0) } ?? 0)
        }
        json.member("warnings", figures.warnings)
        json.member("what_if", whatIf, text.dataset.zone)
        json.endObject()
        return json
    }

    /// What cursors of its calls begin with.
    static let list = "calls"

    private func writeUnfillable(_ json: inout JSONWriter, _ dataset: Dataset) {
        json.key("unfillable")
        json.beginArray()
        for run in figures.unfillable.prefix(Store.unfillableKept) {
            json.beginObject()
            json.member("series") { json in
                for (name, value) in zip(dataset.keys, run.key.values) { json.member(name, value) }
            }
            json.member("from", instant: run.from, offset: dataset.zone.offset(at: run.from))
            json.member("to", instant: run.to, offset: dataset.zone.offset(at: run.to))
            json.member("slots", run.slots)
            json.member("reason", run.reason)
            json.member("action", run.action)
            json.endObject()
        }
        json.endArray()
    }

    private func writeTotals(_ json: inout JSONWriter, _ dataset: Dataset) {
        json.member("totals") { json in
            json.member("calls", callCount)
            json.member("requests", figures.cost.requests)
            json.member("tokens", figures.cost.tokens)
            json.member("slots", figures.slots)
            json.key("estimated_seconds")
            json.double(figures.estimatedSeconds)
        }
        json.member("lower_bound") { json in
            json.member("requests", figures.lowerBound.requests)
            json.member("tokens", figures.lowerBound.tokens)
        }
        json.member("optimality", figures.optimality.rawValue)
        json.member("whole_periods", figures.wholePeriods)
        json.member("proof", figures.proof, of: dataset)
    }
}
