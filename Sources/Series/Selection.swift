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

    /// Whether a series is meant; `names` are the dataset's key names in order.
    package func includes(_ key: SeriesKey, names: [String]) -> Bool {
        zip(names, key.values).allSatisfy { name, value in keys[name]?.contains(value) ?? true }
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
