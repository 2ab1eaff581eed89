internal import Bytes
internal import Codec
internal import Glibc
internal import Ingest
internal import Series
internal import Store

/// What an import came to.
enum ImportText {
    private static let filesShown = 40

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
            "\(found.files) files of \(dataset.name), \(there) of them known already, \(found.passedOver) of nobody's"
                + (found.refused.isEmpty ? "" : ", \(found.refused.count) not readable now"))
        lines += found.refused.prefix(filesShown).map { "not read: \(ShownText.safe($0))" }
        lines += files.filter { $0.status == .failed }.prefix(filesShown).map { "failed: \(name($0)): \(ShownText.safe($0.reason ?? ""))" }
        return lines
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
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("dataset")
        writer.string(dataset.name)
        writer.key("ingestion")
        if let job { writer.string(job) } else { writer.null() }
        for (name, count) in [("files", found.files), ("new", found.new), ("passed_over", found.passedOver)] {
            writer.key(name)
            writer.int(count)
        }
        writer.key("refused")
        writer.beginArray()
        for text in found.refused { writer.string(text) }
        writer.endArray()
        writer.key("imports")
        writer.beginArray()
        for file in files { write(file, to: &writer) }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func write(_ file: ArchiveFile, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("id")
        writer.int(Int(file.id))
        writer.key("paths")
        writer.beginArray()
        for path in file.paths { writer.string(path) }
        writer.endArray()
        writer.key("sha256")
        if let digest = file.sha256 { writer.string(Hex.encode(digest)) } else { writer.null() }
        for (name, instant) in [("first", file.times?.lowerBound), ("last", file.times?.upperBound)] {
            writer.key(name)
            if let instant { writer.timestamp(instant) } else { writer.null() }
        }
        for (name, count) in [
            ("edition", file.edition), ("rows", file.rows), ("written", file.counts.written), ("unchanged", file.counts.unchanged),
            ("revised", file.counts.revised), ("quarantined", file.quarantined),
        ] {
            writer.key(name)
            if let count { writer.int(count) } else { writer.null() }
        }
        writer.key("status")
        writer.string(file.status.rawValue)
        writer.key("reason")
        if let reason = file.reason { writer.string(reason) } else { writer.null() }
        writer.endObject()
    }
}

/// A path from the root, so that other processes of this host find it; links in it are resolved (realpath(3)).
func absolute(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
