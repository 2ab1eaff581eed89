/// What a plan is made for: dataset, series, range and mode.
package struct Selection: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Fill holes.
        case missing
        /// From the last held slot to now.
        case incremental
        /// Ask again also for what is held.
        case refresh
    }

    package var dataset: String
    /// Values by key name; a name that is absent means every followed value.
    package var keys: [String: [String]]
    /// Instants; nil: the dataset's horizon, and now.
    package var from: Int64?
    package var to: Int64?
    package var mode: Mode
    /// The most requests that its plan may spend; nil: no limit.
    package var maxRequests: Int?
    package var dryRun: Bool
    /// By which ways holes may be filled, where a dataset has several.
    package var ways = Ways()

    package struct Ways: Sendable, Hashable {
        /// Files of the archive that are at hand.
        package var archives = true
        /// Calls of the upstream.
        package var apiBackfill = true
        /// What is still missing when the planned calls have ended is planned anew.
        package var autoGapFill = true
        /// Also calls that rebuild slots from all that happened, which may be many.
        package var trades = false
        /// As `trades`, and slots that are taken for empty because all others were silent too (`Derivation.commonReason`) are asked for
        /// again: in the end everything is there, or the upstream itself has said that there is nothing.
        package var complete = false

        package init() {}
    }

    package init(
        dataset: String, keys: [String: [String]] = [:], from: Int64? = nil, to: Int64? = nil, mode: Mode = .missing,
        maxRequests: Int? = nil, dryRun: Bool = false
    ) {
        self.dataset = dataset
        self.keys = keys.mapValues { Array(Set($0)).sorted() }
        self.from = from
        self.to = to
        self.mode = mode
        self.maxRequests = maxRequests
        self.dryRun = dryRun
    }

    /// The same text for the same selection, however it was written: for digests, and to find an equal one that is under way. A dry
    /// run asks for the same as a real one, so it is left out.
    package var canonicalText: String {
        var lines = ["dataset=" + Selection.quoted(dataset), "mode=" + mode.rawValue]
        lines += keys.sorted { $0.key < $1.key }.map { name, values in
            "key " + Selection.quoted(name) + "=" + Set(values).sorted().map(Selection.quoted).joined(separator: ",")
        }
        if let from { lines.append("from=\(from)") }
        if let to { lines.append("to=\(to)") }
        let usual = Ways()
        for (name, way) in Ways.names where ways[keyPath: way] != usual[keyPath: way] { lines.append("\(name)=\(ways[keyPath: way])") }
        if let maxRequests { lines.append("max_requests=\(maxRequests)") }
        return lines.joined(separator: "\n")
    }

    /// In quotes, so that no value can look like two, or like another line.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { result += "\\" }
            result += scalar == "\n" ? "\\n" : String(scalar)
        }
        return result + "\""
    }
}

extension Selection.Ways {
    /// As selections name them, in the order in which they are shown.
    package static let names: [(name: String, way: any WritableKeyPath<Selection.Ways, Bool> & Sendable)] = [
        ("archives", \.archives), ("api_backfill", \.apiBackfill), ("auto_gap_fill", \.autoGapFill), ("trades", \.trades),
        ("complete", \.complete),
    ]
}
