internal import Answers
internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series

struct GapsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gaps", abstract: "List the holes of a dataset, worst first: maximal runs of slots in one state other than present.",
        discussion: "Without --state every state but pending is shown: what is not due yet is no hole.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var range: RangeOptions

    @Option(help: "missing, quarantined, unfillable, absent, excluded or pending; may be given several times, or with commas.")
    var state: [String] = []

    @OptionGroup var list: ListOptions

    @Option(help: ArgumentHelp("Write the files to fetch by hand, which would fill holes, to this file as CSV.", valueName: "file"))
    var downloadList: String?

    func run() throws {
        let states = try Self.states(state)
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (selection, dataset) = try range.selection(among: attached.catalogue.datasets)
                if let downloadList { try Downloads.check(downloadList, of: dataset) }
                let showsMissing = states.isEmpty || states.contains(.missing)
                let offersFiles = dataset.hasWays && (showsMissing || downloadList != nil)
                let downloads = offersFiles ? try Downloads.of(selection, dataset, attached) : nil
                if let downloadList { try downloads?.write(to: downloadList) }
                // People are told how many there are in all.
                let query = GapsQuery(
                    dataset: dataset.name, keys: selection.keys, from: selection.from, to: selection.to, states: states,
                    limit: list.json || list.csv ? list.limit ?? .max : .max)
                let body = try attached.reading { _, reader in try await reader.gaps(query).body }
                if list.json { return say(String(decoding: body, as: UTF8.self)) }
                let gaps = try JSONValue(parsing: body, limit: .max)["data"]?.array ?? []
                if list.csv { return Terminal.write(GapsText.csv(gaps, dataset), to: Terminal.output) }
                let shown = list.limit ?? ListOptions.shown
                say(GapsText.table(gaps.prefix(shown), dataset))
                say(GapsText.summary(gaps, shown: shown))
                if showsMissing { downloads?.show() }
            }
        }
    }

    static func states(_ words: [String]) throws -> [SlotState] {
        let known = SlotState.allCases.filter { $0 != .present }
        return try words.flatMap { $0.split(separator: ",").map(String.init) }.map { word in
            guard let state = known.first(where: { $0.rawValue == word }) else {
                throw ValidationError("--state: expected \(known.map(\.rawValue).joined(separator: ", ")), not \(word)")
            }
            return state
        }
    }
}

/// Holes for people and for spreadsheets, out of what the API answers.
enum GapsText {
    static func table(_ gaps: some Sequence<JSONValue>, _ dataset: Dataset) -> TextTable {
        var table = TextTable([
            .init(title: "series"), .init(title: "from"), .init(title: "to", spare: 2), .init(title: "slots", side: .right),
            .init(title: "state"), .init(title: "reason", spare: 1, isElastic: true),
        ])
        for gap in gaps {
            table.add([
                dataset.keys.map { gap[$0]?.string ?? "" }.joined(separator: "/"), minute(gap["from"]), minute(gap["to"]),
                gap["slots"]?.numberText ?? "", gap["state"]?.string ?? "", gap["reason"]?.string ?? "",
            ])
        }
        return table
    }

    static func summary(_ gaps: [JSONValue], shown: Int) -> String {
        if gaps.isEmpty { return "no holes" }
        let slots = gaps.reduce(0) { $0 + ($1["slots"]?.int ?? 0) }
        let left = gaps.count - shown
        func counted(_ count: some BinaryInteger, _ word: String) -> String { "\(count) \(word)\(count == 1 ? "" : "s")" }
        let more = left > 0 ? "; \(left) more \(left == 1 ? "is" : "are") not shown (--limit)" : ""
        return "\(counted(gaps.count, "hole")), \(counted(slots, "slot"))\(more)"
    }

    static func csv(_ gaps: [JSONValue], _ dataset: Dataset) -> [UInt8] {
        var csv = CSVWriter(capacity: 128 + gaps.count * 128)
        let columns = dataset.keys + ["from", "to", "slots", "state", "reason", "since", "asked", "next_ask", "exclusion", "action"]
        for column in columns { csv.text(column) }
        csv.endRow()
        for gap in gaps {
            for column in columns {
                if let number = gap[column]?.numberText {
                    csv.number(number.utf8)
                } else if let text = gap[column]?.string {
                    csv.text(text)
                } else {
                    csv.empty()
                }
            }
            csv.endRow()
        }
        return csv.bytes
    }

    /// Seconds are left out where they are 0: a slot begins on the minute.
    private static func minute(_ value: JSONValue?) -> String {
        let text = value?.string ?? ""
        guard text.count == 25, text.dropFirst(16).hasPrefix(":00") else { return text }
        return "\(text.prefix(16))\(text.dropFirst(19))"
    }
}
