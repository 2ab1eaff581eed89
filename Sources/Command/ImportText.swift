internal import Bytes
internal import Codec
internal import Glibc
internal import Ingest
internal import Series
internal import Store

/// What an import came to.
enum ImportText {
    private static let filesShown = 40
    private static let namesShown = 5

    static func lines(_ found: ShelfFindings, _ files: [ArchiveFile], dataset: Dataset, width: Int?) -> [String] {
        var lines: [String] = []
        if !files.isEmpty {
            var table = TextTable([
                .init(title: "file", isElastic: true), .init(title: "edition", side: .right, spare: 3), .init(title: "from", spare: 2),
                .init(title: "to", spare: 2), .init(title: "rows", side: .right), .init(title: "written", side: .right, spare: 1),
                .init(title: "revised", side: .right, spare: 1), .init(title: "refused", side: .right, spare: 1), .init(title: "status"),
            ])
            for file in files.prefix(filesShown) {
                table.add(cells(file), tint: file.status == .imported ? .good : file.status == .failed ? .bad : .fair)
            }
            lines += table.lines(width: width, inColour: Terminal.takesEscapes(Terminal.output))
            if files.count > filesShown { lines.append("and \(files.count - filesShown) more") }
        }
        let there = found.files - found.waiting.count
        lines.append(
            "\(found.files) files of \(dataset.name), \(there) of them known already, \(found.passedOver) of nobody's" + Self.nobodys(found)
                + (found.refused.isEmpty ? "" : ", \(found.refused.count) not read"))
        lines += found.namesakes.prefix(filesShown).map { "of one series: \($0.map(ShownText.safe).joined(separator: ", "))" }
        lines += found.refused.prefix(filesShown).map { "not read: \(ShownText.safe($0))" }
        lines += files.filter { $0.status == .failed }.prefix(filesShown).map { "failed: \(name($0)): \(ShownText.safe($0.reason ?? ""))" }
        lines += files.filter { $0.status == .imported }.compactMap { file in file.reason.map { "\(name(file)): \(ShownText.safe($0))" } }
            .prefix(filesShown)
        return lines
    }

    /// Which those are: a name that is misspelt is among them.
    private static func nobodys(_ found: ShelfFindings) -> String {
        let names = found.passedOverNames.prefix(namesShown).map(ShownText.safe)
        if names.isEmpty { return "" }
        return " (\(names.joined(separator: ", "))\(found.passedOver > names.count ? ", ..." : ""))"
    }

    private static func name(_ file: ArchiveFile) -> String {
        file.paths.first.map { path in path.split(separator: "/").last.map(String.init) ?? path } ?? "file \(file.id)"
    }

    private static func cells(_ file: ArchiveFile) -> [String] {
        func day(_ instant: Int64?) -> String { instant.map { LocalDate(daysSince1970: Int($0 / 86_400)).description } ?? "" }
        return [
            name(file), file.edition.map { "\($0)" } ?? "", day(file.times?.lowerBound), day(file.times?.upperBound),
            file.rows.map { "\($0)" } ?? "", "\(file.counts.written)", "\(file.counts.revised)", "\(file.quarantined)",
            file.status.rawValue,
        ]
    }

    static func json(_ found: ShelfFindings, _ files: [ArchiveFile], job: String?, dataset: Dataset) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("dataset", dataset.name)
        json.member("ingestion", job)
        json.member("files", found.files)
        json.member("new", found.new)
        json.member("passed_over", found.passedOver)
        json.member("passed_over_names", found.passedOverNames)
        json.member("refused", found.refused)
        json.key("of_one_series")
        json.beginArray()
        for names in found.namesakes {
            json.beginArray()
            for name in names { json.string(name) }
            json.endArray()
        }
        json.endArray()
        json.key("imports")
        json.beginArray()
        for file in files { write(file, to: &json) }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func write(_ file: ArchiveFile, to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", Int(file.id))
        json.member("paths", file.paths)
        json.member("sha256", file.sha256.map { Hex.encode($0) })
        json.member("first", instant: file.times?.lowerBound)
        json.member("last", instant: file.times?.upperBound)
        json.member("edition", file.edition)
        json.member("rows", file.rows)
        json.member("written", file.counts.written)
        json.member("unchanged", file.counts.unchanged)
        json.member("revised", file.counts.revised)
        json.member("quarantined", file.quarantined)
        json.member("status", file.status.rawValue)
        json.member("reason", file.reason)
        json.endObject()
    }
}

/// A path from the root, so that other processes of this host find it; links in it are resolved (realpath(3)).
func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
