internal import API
internal import Answers
internal import Bytes
internal import Ingest
internal import Series
internal import Store

/// A plan for people and for machines.
struct PlanText {
    let plan: MadePlan
    let dataset: Dataset
    /// By series.
    let names: [Int: SeriesKey]
    /// Those that its calls read.
    var files: [Int64: ArchiveFile] = [:]
    var whatIf: WhatIfAnswer?

    private static let callsShown = 20

    static func show(_ plan: MadePlan, _ dataset: Dataset, whatIf: WhatIfAnswer? = nil, json: Bool, _ attached: AttachedStore) throws {
        let ids = Set(plan.calls.flatMap(\.seriesIDs)).sorted()
        let readsFiles = plan.calls.contains { $0.file != nil }
        let (series, files) = try attached.planning { _, planning in
            (
                try await planning.store.entries(ids: ids).map { ($0.id, $0.key) },
                readsFiles ? try await planning.store.archiveFiles(of: dataset.name, status: .found, limit: 1_000_000) : []
            )
        }
        var text = PlanText(
            plan: plan, dataset: dataset, names: Dictionary(uniqueKeysWithValues: series),
            files: Dictionary(uniqueKeysWithValues: files.map { ($0.id, $0) }))
        text.whatIf = whatIf
        if json { return say(text.json) }
        for line in text.lines(width: Terminal.columns(of: Terminal.output)) + text.supposedLines { say(line) }
    }

    func lines(width: Int?) -> [String] {
        let figures = plan.figures
        let warnings = figures.warnings.map { "warning: \(ShownText.safe($0))" }
        if plan.calls.isEmpty {
            let beyond = figures.unfillable.first.map { run in
                "\(SlotWords.counted(figures.unfillableSlots, "slot")) of it no call could fill (\(run.reason): \(run.action))"
            }
            if figures.slots == 0, let beyond { return ["nothing to do in the selection: \(beyond)"] + warnings }
            let why = figures.slots > 0 ? "no fillable gap" : warnings.isEmpty ? "nothing is missing" : "nothing is to be asked for now"
            return ["nothing to do: \(why) in the selection"] + warnings
        }
        let work = [(figures.gaps, "gap"), (figures.slots, "slot"), (plan.calls.count, "call"), (figures.cost.requests, "request")].map {
            "\($0) \($1)\($0 == 1 ? "" : "s")"
        }
        var lines = [
            "\(work[0]), \(work[1]); \(work[2]), \(work[3])\(tokens) "
                + "(lower bound \(figures.lowerBound.requests), \(figures.optimality.rawValue))"
        ]
        if let saving { lines.append(saving) }
        if dataset.hasWays { lines += waysTable.lines(width: width) + [""] }
        lines += callsTable.lines(width: width)
        if plan.calls.count > Self.callsShown { lines.append("and \(plan.calls.count - Self.callsShown) more") }
        if let proof = figures.proof { lines += proofLines(proof) }
        if let at = figures.completeAt {
            lines.append("complete at about \(Timestamp.text(at, offset: dataset.zone.offset(at: at)))")
        } else if figures.estimatedSeconds > 0 {
            lines.append("takes about \(ProgressFigures.duration(figures.estimatedSeconds))")
        }
        return lines + warnings
    }

    /// What asking for holes alone comes to, beside whole periods for all series; nil where calls do not name their series one by one.
    private var saving: String? {
        guard let whole = plan.figures.wholePeriods else { return nil }
        let slot = SlotWords.one(Set(plan.calls.flatMap(\.seriesIDs).compactMap { names[$0].map { dataset.calendar(of: $0).ruler } }))
        func counted(_ count: Int, _ word: String) -> String { SlotWords.counted(count, word) }
        return "\(counted(plan.figures.cost.requests, "request")) for \(counted(plan.figures.slots, slot)); "
            + "fetching every \(SlotWords.one([dataset.periods])) that has a hole for all series would take "
            + "\(counted(whole.requests, "request")) and \(counted(whole.slots, slot))"
    }

    private static let holesShown = 8

    /// Why nothing cheaper would do.
    private func proofLines(_ proof: PlanFigures.ShownProof) -> [String] {
        let isOfSingles = proof.holes == proof.requests
        let why = proof.holes == 1 ? "this hole takes a call"
            : isOfSingles ? "no two of these \(proof.holes) holes can be filled by one call"
            : "these \(proof.holes) holes carry \(proof.requests) requests, and no call could fill holes that carry more than it costs"
        let shown = proof.first.prefix(Self.holesShown).map { hole in
            "\(hole.series) \(minute(dataset.periods.start(of: hole.period)))" + (isOfSingles ? "" : " (\(hole.requests))")
        }
        let rest = proof.holes - shown.count
        return ["proof that no plan takes less: \(why):", "  " + shown.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")]
    }

    // MARK: By way

    /// What the calls of one shape come to together.
    struct Way {
        let shape: String
        var calls = 0
        var slots = 0
        var files = 0
        /// Of a file all that it holds; of another call a row a slot, which is what it brings at the most.
        var rows = 0
        var requests = 0
        /// When the first of them will be too late.
        var deadline: Int64?

        mutating func add(_ call: StoredCall, _ file: ArchiveFile?) {
            calls += 1
            slots += call.covers
            files += call.file == nil ? 0 : 1
            rows += file?.rows ?? call.covers
            requests += call.requests
            deadline = [deadline, call.deadline].compactMap { $0 }.min()
        }
    }

    /// In the order in which the dataset has them.
    var ways: [Way] {
        var ways = dataset.shapes.map { Way(shape: $0.name) }
        for call in plan.calls {
            guard let place = ways.firstIndex(where: { $0.shape == call.shape }) else { continue }
            ways[place].add(call, call.file.flatMap { files[$0] })
        }
        return ways.filter { $0.calls > 0 }
    }

    private var waysTable: TextTable {
        var table = TextTable([
            .init(title: "way"), .init(title: "calls", side: .right), .init(title: "slots", side: .right),
            .init(title: "files", side: .right, spare: 2), .init(title: "rows, about", side: .right, spare: 1),
            .init(title: "requests", side: .right), .init(title: "first too late at", spare: 3),
        ])
        for way in ways {
            table.add([
                way.shape, "\(way.calls)", "\(way.slots)", "\(way.files)", "\(way.rows)", "\(way.requests)",
                way.deadline.map(minute) ?? "",
            ])
        }
        return table
    }

    // MARK: Call by call

    /// Those that will be too late first, the earliest before the others; files by their names.
    private var callsInOrder: [StoredCall] {
        let named = plan.calls.enumerated().map { (call: $0.element, name: fileName($0.element), place: $0.offset) }
        return named.sorted {
            ($0.call.deadline ?? .max, $0.name, $0.place) < ($1.call.deadline ?? .max, $1.name, $1.place)
        }.map(\.call)
    }

    private var callsTable: TextTable {
        let calls = callsInOrder.prefix(Self.callsShown)
        let hasDeadlines = calls.contains { $0.deadline != nil }
        let hasFiles = calls.contains { $0.file != nil }
        var columns: [TextTable.Column] = [
            // (A file is told by the end of its name.)
            .init(title: "call", spare: 1), .init(title: hasFiles ? "series or file" : "series", isElastic: !hasFiles),
        ]
        columns += inDays ? [.init(title: "days")] : [.init(title: "from"), .init(title: "to", spare: 4)]
        columns += [.init(title: "slots", side: .right), .init(title: "requests", side: .right, spare: hasFiles ? 3 : 0)]
        if hasDeadlines { columns.append(.init(title: "too late at", spare: 2)) }
        var table = TextTable(columns)
        for call in calls {
            let series = call.seriesIDs.count == 1 ? names[call.seriesIDs[0]]?.description ?? "?" : "\(call.seriesIDs.count) series"
            let instants = dataset.periods.instants(of: call.periods)
            var cells = [call.shape, call.file == nil ? series : fileName(call)]
            cells += inDays ? [days(call.periods)] : [minute(instants.lowerBound), minute(instants.upperBound)]
            cells += ["\(call.covers)", "\(call.requests)"]
            if hasDeadlines { cells.append(call.deadline.map(minute) ?? "") }
            table.add(cells)
        }
        return table
    }

    private var tokens: String { plan.figures.cost.tokens > 0 ? ", \(plan.figures.cost.tokens) tokens" : "" }

    private var inDays: Bool { if case .days = dataset.periods { true } else { false } }

    /// `Kraken_OHLCVT_Q1_2025.zip!XBTUSD_60.csv`: without folders.
    private func fileName(_ call: StoredCall) -> String {
        guard let id = call.file else { return "" }
        guard let path = files[id]?.paths.first else { return "file \(id)" }
        return path.split(separator: "!").map { part in part.split(separator: "/").last.map(String.init) ?? "" }.joined(separator: "!")
    }

    private func days(_ periods: Range<Int>) -> String {
        let first = dataset.zone.day(at: dataset.periods.start(of: periods.lowerBound))
        let last = dataset.zone.day(at: dataset.periods.start(of: periods.upperBound - 1))
        return first == last ? "\(first)" : "\(first)..\(last)"
    }

    /// `2025-03-01T05:30Z`, and of a day's beginning the day.
    private func minute(_ instant: Int64) -> String {
        let text = Timestamp.text(instant, offset: dataset.zone.offset(at: instant))
        return text.dropFirst(11).hasPrefix("00:00:00") ? String(text.prefix(10)) : "\(text.prefix(16))\(text.dropFirst(19))"
    }

    // MARK: For machines

    var json: String {
        let figures = plan.figures
        var json = JSONWriter()
        json.beginObject()
        json.member("id", plan.id)
        json.key("selection")
        SelectionJSON.write(plan.selection, of: dataset, to: &json)
        json.member("gaps", figures.gaps)
        json.member("slots", figures.slots)
        json.member("calls", plan.calls.count)
        json.member("requests", figures.cost.requests)
        json.member("tokens", figures.cost.tokens)
        json.member("lower_bound_requests", figures.lowerBound.requests)
        json.member("optimality", figures.optimality.rawValue)
        json.member("whole_periods", figures.wholePeriods)
        json.member("proof", figures.proof, of: dataset)
        json.key("ways")
        json.beginArray()
        for way in ways {
            json.beginObject()
            json.member("way", way.shape)
            json.member("calls", way.calls)
            json.member("slots", way.slots)
            json.member("files", way.files)
            json.member("rows", way.rows)
            json.member("requests", way.requests)
            json.endObject()
        }
        json.endArray()
        json.key("estimated_seconds")
        json.double(figures.estimatedSeconds)
        json.member("warnings", figures.warnings)
        json.member("what_if", whatIf, dataset.zone)
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension PlanText {
    /// What would be, where that was asked.
    fileprivate var supposedLines: [String] {
        guard let whatIf else { return [] }
        let steady = whatIf.sustainability
        let kept = whatIf.productsKept.map { ", of which it keeps \($0)" } ?? ""
        let products = whatIf.products.map { " for \($0) products\(kept)" }
        let needed = "\(Int(steady.requestsPerDay.rounded(.up))) \(whatIf.unit) a day are needed, \(Int(steady.capacityPerDay)) come"
        var lines = ["with \(whatIf.budget)\(products ?? ""): \(steady.isSustainable ? "sustainable" : "not sustainable"), \(needed)"]
        if let wouldNeed = steady.wouldNeed { lines.append("it would need \(wouldNeed)") }
        if let at = whatIf.completeAt {
            lines.append("complete then at about \(Timestamp.text(at, offset: dataset.zone.offset(at: at)))")
        }
        return lines
    }
}
