internal import Bytes

/// Programmes that were really published: `portal_programado/*.csv` as issues of `pcp`, `pid_api/*.csv` as issues of `pid`.
final class RecordedProgrammes: Programmes {
    private struct Hour: Hashable {
        let bus: Int
        let hour: Int64
    }

    private(set) var buses: [ProgrammeBus] = []
    private var indexes: [String: Int] = [:]
    private var issues: [Source: [Issue]] = [:]
    private var values: [[Hour: Decimal]] = []

    init(directory: String?, zone: Zone) throws {
        guard let directory else { return }
        for path in files(in: directory + "/pid_api", ending: ".csv") {
            try take(path, .pid, zone, columns: (time: 0, key: 1, value: 3))
        }
        for path in files(in: directory + "/portal_programado", ending: ".csv") {
            try take(path, .pcp, zone, columns: (time: 0, key: 1, value: 2))
        }
        for source in issues.keys { issues[source]?.sort { $0.issued < $1.issued } }
    }

    var isEmpty: Bool { values.isEmpty }

    func issues(_ source: Source, covering instants: Range<Int64>) -> [Issue] {
        (issues[source] ?? []).filter { $0.covers.overlaps(instants) }
    }

    func value(_ source: Source, bus: Int, hour: Int64, of issue: Issue) -> Decimal? {
        values[issue.number][Hour(bus: bus, hour: hour)]
    }

    private func take(_ path: String, _ source: Source, _ zone: Zone, columns: (time: Int, key: Int, value: Int)) throws {
        var reader = try CSVReader(try contents(of: path))
        guard try reader.nextRow() else { return }
        var found: [Hour: Decimal] = [:]
        while try reader.nextRow() {
            guard reader.count > columns.value, let stamp = LocalStamp(reader.field(columns.time).prefix(16)),
                let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day),
                let hour = zone.instants(date, hour: stamp.hour, minute: 0).last, let value = Decimal(utf8: reader.field(columns.value))
            else { continue }
            let described = reader.count > 5 ? (reader.text(2), reader.text(4), reader.text(5)) : nil
            found[Hour(bus: bus(reader.text(columns.key), described), hour: hour)] = value
        }
        guard let first = found.keys.map(\.hour).min(), let last = found.keys.map(\.hour).max() else { return }
        let date = zone.day(at: first)
        var issued = zone.start(of: date)
        var published = issued
        var hour = 0
        // The portal's files are named by the moment of their download, in UTC.
        if let moment = RecordedProgrammes.moment(in: path) {
            published = moment
            let local = zone.local(at: moment)
            if local.date == date, let instant = zone.instants(date, hour: local.hour, minute: 0).last {
                (hour, issued) = (local.hour, instant)
            }
        }
        issues[source, default: []].append(Issue(
            date: date, hour: hour, issued: issued, published: published, covers: first..<last + 3600, number: values.count))
        values.append(found)
    }

    private func bus(_ key: String, _ described: (info: String, zone: String, region: String)?) -> Int {
        if let index = indexes[key] { return index }
        let known = ProgrammeBus.known.first { $0.key == key }
        indexes[key] = buses.count
        buses.append(ProgrammeBus(
            info: described?.info ?? known?.info ?? key, key: key, zone: described?.zone ?? known?.zone ?? "",
            region: described?.region ?? known?.region ?? "", node: known?.node))
        return buses.count - 1
    }

    /// `…_20251014_111216.csv`.
    private static func moment(in path: String) -> Int64? {
        let parts = path.dropLast(4).split(separator: "_")
        guard parts.count >= 2, let day = Int(parts[parts.count - 2]), let time = Int(parts[parts.count - 1]),
            let date = LocalDate(year: day / 10_000, month: day / 100 % 100, day: day % 100)
        else { return nil }
        return Int64(date.daysSince1970) * 86_400 + Int64(time / 10_000 * 3600 + time / 100 % 100 * 60 + time % 100)
    }
}
