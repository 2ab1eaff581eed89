internal import Bytes

/// The files that a person can fetch so that holes are filled by the archive: which, and what each would fill.
package struct DownloadList: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        /// As the upstream offers it.
        package let file: String
        /// The file in it that holds the series.
        package let member: String?
        package let series: SeriesKey
        /// From the first slot that it would fill to the end of the last one, instants.
        package let span: Range<Int64>
        package let slots: Int
    }

    /// By file, then by series.
    package let entries: [Entry]
    private let keys: [String]

    /// - Parameter missing: what series still lack.
    package init(_ missing: [Demand], of dataset: Dataset, _ circumstances: Circumstances) {
        keys = dataset.keys
        struct Place: Hashable {
            let file: String
            let member: String?
            let series: SeriesKey
        }
        var found: [Place: (span: Range<Int64>, slots: Int)] = [:]
        for (key, filling) in dataset.eachFilling(of: missing, circumstances) {
            guard let file = filling.download else { continue }
            let place = Place(file: file.name, member: file.member, series: key)
            let span = dataset.instants(of: filling.range, of: key)
            let before = found[place]
            found[place] = ((before?.span.lowerBound ?? span.lowerBound)..<span.upperBound, (before?.slots ?? 0) + filling.slots)
        }
        entries = found.map { Entry(file: $0.file, member: $0.member, series: $0.series, span: $1.span, slots: $1.slots) }
            .sorted { ($0.file, $0.series) < ($1.file, $1.series) }
    }

    package var slots: Int { entries.reduce(0) { $0 + $1.slots } }

    package var header: [String] { ["file", "member"] + keys + ["from", "to", "slots"] }

    /// A row an entry, in the header's order; instants are UTC.
    package var rows: [[String]] {
        entries.map { entry in
            [entry.file, entry.member ?? ""] + entry.series.values
                + [Timestamp.text(entry.span.lowerBound, offset: 0), Timestamp.text(entry.span.upperBound, offset: 0), "\(entry.slots)"]
        }
    }

    /// RFC 4180, with its header.
    package var csv: String {
        var writer = CSVWriter()
        for row in [header] + rows {
            for field in row { writer.text(field) }
            writer.endRow()
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
