internal import Glibc
internal import Ingest
internal import Series
internal import Store

/// The files that a person can fetch, which would fill what a selection still lacks: shown as a table, and written as CSV where asked for.
struct Downloads {
    let list: DownloadList

    private static let shown = 20

    static func of(_ asked: Selection, _ dataset: Dataset, _ attached: AttachedStore) throws -> Downloads {
        let now = attached.ready.clock.now
        let (series, files) = try attached.planning { _, planning in
            (try await planning.store.ledgers(of: dataset), try await planning.store.filesAtHand(of: dataset))
        }
        let selection = Planning.resolved(asked, of: dataset, knowing: series, now: now)
        let missing = series.filter { dataset.selects($0.key, by: selection) }.map {
            dataset.lacking($0.ledger, from: selection.from ?? now, to: selection.to ?? now, now: now)
        }
        let circumstances = Circumstances(now: now, ledgers: series.map(\.ledger), files: files, ways: selection.ways)
        return Downloads(list: DownloadList(missing, of: dataset, circumstances))
    }

    /// Nothing where no file would help.
    func show() {
        if list.entries.isEmpty { return }
        say("to fetch by hand and import: \(list.slots == 1 ? "1 slot lies" : "\(list.slots) slots lie") in")
        var table = TextTable([.init(title: "file"), .init(title: "member", isElastic: true), .init(title: "slots", side: .right)])
        for entry in list.entries.prefix(Self.shown) { table.add([entry.file, entry.member ?? "", "\(entry.slots)"]) }
        say(table)
        let left = list.entries.count - Self.shown
        if left > 0 { say("and \(left) more (--download-list FILE has all)") }
    }

    // MARK: As a file

    /// Makes sure that the list can be written there once it is known.
    static func check(_ path: String, of dataset: Dataset) throws(InputError) {
        guard dataset.hasWays else { throw InputError("--download-list", "nobody offers files of \(dataset.name)") }
        close(try open(path, O_WRONLY | O_CREAT | O_CLOEXEC))
    }

    func write(to path: String) throws(InputError) {
        let descriptor = try Self.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
        Terminal.write(Array(list.csv.utf8), to: descriptor)
        guard close(descriptor) == 0 else { throw Self.refusal(path) }
    }

    private static func open(_ path: String, _ flags: Int32) throws(InputError) -> Int32 {
        let descriptor = Glibc.open(path, flags, 0o644)
        if descriptor < 0 { throw refusal(path) }
        return descriptor
    }

    private static func refusal(_ path: String) -> InputError {
        InputError("--download-list", "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
