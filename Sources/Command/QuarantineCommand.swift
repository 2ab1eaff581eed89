internal import API
internal import ArgumentParser
internal import Bytes
internal import Ingest
internal import Series
internal import Store

struct QuarantineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "List records that were refused, store one that is right all the same, or read them again.",
        subcommands: [QuarantineList.self, QuarantineRelease.self, QuarantineReplay.self], defaultSubcommand: QuarantineList.self)
}

struct QuarantineList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List refused records, the newest first: why, and from where.",
        discussion: "The range is that of the slots they speak of; without one those that name no slot are listed too.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var chosen: RefusalOptions

    @Option(help: "open, superseded, released, replayed or all.")
    var status = "open"

    @OptionGroup var list: ListOptions

    func run() throws {
        let limit = list.limit ?? (list.json || list.csv ? 10_000 : ListOptions.shown)
        let words = RefusalStatus.allCases.map(\.rawValue) + ["all"]
        guard words.contains(status) else { throw ValidationError("--status: expected \(words.joined(separator: ", ")), not \(status)") }
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                var (filter, dataset) = try chosen.filter(attached)
                filter.status = RefusalStatus(rawValue: status)
                let (wanted, name) = (filter, dataset.name)
                let found = try attached.planning { _, planning in
                    try await planning.store.refusals(of: name, wanted, after: nil, limit: limit + 1)
                }
                let shown = found.prefix(limit)
                if list.json {
                    let objects = shown.map { String(decoding: RefusalDocument.json($0, of: dataset), as: UTF8.self) }
                    return say("[\(objects.joined(separator: ","))]")
                }
                if list.csv { return Terminal.write(RefusalDocument.csv(shown, of: dataset), to: Terminal.output) }
                if shown.isEmpty { return say("nothing is in quarantine") }
                say(QuarantineText.table(shown, dataset))
                if found.count > limit { say("more are not shown (--limit)") }
            }
        }
    }
}

struct QuarantineRelease: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Store a refused record as it is: a person says that it is right.",
        discussion: "Its structure must hold; the rule that refused it is waived. Once more changes nothing.")

    @OptionGroup var common: CommandOptions

    @Argument(help: DatasetArgument.help, completion: DatasetArgument.completion)
    var dataset: String

    @Argument(help: "The record's id, as quarantine list shows it.")
    var id: Int64

    @Flag(help: "One JSON object: the record, as the API shows it.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let dataset = try SelectionJSON.dataset(dataset, among: attached.catalogue.datasets)
                let (id, now) = (id, attached.ready.clock.now)
                let released = try attached.planning { _, planning in
                    try await planning.store.release(refused: id, of: dataset, by: Asker(IngestCommand.requester), now: now)
                }
                guard let released else { throw InputError("ID", "there is no refused record \(id) of \(dataset.name)") }
                if json { return say(String(decoding: RefusalDocument.json(released, of: dataset), as: UTF8.self)) }
                say("released: \(released.id)" + (released.resolvedIngestionID.map { ", stored by job \($0)" } ?? ""))
            }
        }
    }
}

struct QuarantineReplay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Read refused records again by the rules as they are now, and store those that pass.",
        discussion: "Exit codes: 0 where none is left open, 3 where some are.")

    @OptionGroup var common: CommandOptions
    @OptionGroup var chosen: RefusalOptions

    @Flag(help: "One JSON object: counts.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let (filter, dataset) = try chosen.filter(attached)
                let now = attached.ready.clock.now
                let (examined, stored) = try attached.planning { _, planning in
                    var (examined, stored) = (0, 0)
                    var after: Int64?
                    repeat {
                        let step = try await planning.store.replay(
                            filter, of: dataset, after: after, by: Asker(IngestCommand.requester), now: now)
                        examined += step.examined
                        stored += step.stored
                        after = step.next
                    } while after != nil
                    return (examined, stored)
                }
                let left = examined - stored
                say(json ? "{\"examined\":\(examined),\"stored\":\(stored),\"left_open\":\(left)}"
                    : "\(examined) records read again: \(stored) stored, \(left) stay in quarantine")
                if left > 0 { throw ExitCode(3) }
            }
        }
    }
}

/// Which refused records are meant.
struct RefusalOptions: ParsableArguments {
    @OptionGroup var range: RangeOptions

    @Option(help: "Those that were refused for this reason, in its own words.")
    var reason: String?

    func filter(_ attached: AttachedStore) throws -> (Store.RefusalFilter, Dataset) {
        let (selection, dataset) = try range.selection(among: attached.catalogue.datasets)
        let reason = reason
        return (try attached.planning { _, planning in try await planning.refusals(selection, reason, of: dataset) }, dataset)
    }
}

/// Refused records for people.
enum QuarantineText {
    static func table(_ refusals: some Sequence<StoredRefusal>, _ dataset: Dataset) -> TextTable {
        var table = TextTable([
            .init(title: "id", side: .right), .init(title: "series"), .init(title: "time"), .init(title: "status", spare: 2),
            .init(title: "seen", side: .right, spare: 3), .init(title: "reason", isElastic: true),
            .init(title: "from", spare: 4, isElastic: true), .init(title: "record", spare: 1, isElastic: true),
        ])
        for one in refusals {
            let time = one.time.map { Timestamp.text($0, offset: dataset.zone.offset(at: $0)) } ?? "-"
            let origin = [one.file ?? one.shape, one.place].compactMap(\.self).joined(separator: " ")
            table.add([
                "\(one.id)", one.key?.description ?? "-", time, one.status.rawValue, "\(one.seen)", one.reason, origin,
                String(one.record.prefix(120)),
            ])
        }
        return table
    }

    static func sentence(_ refusal: ReleaseRefusal) -> String {
        switch refusal {
        case .noReread: "records of this dataset cannot be read again"
        case .settled(let status): "the record is \(status.rawValue) already"
        case .unreadable(let reason): "the record cannot be stored even so: \(reason)"
        }
    }
}
