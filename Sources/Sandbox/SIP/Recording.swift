internal import Bytes

/// What was really published, read from a folder: `pudidi/*.jsonl` with one hourly value a line (`date`, `hour`, `node`,
/// `cmg_usd`, `cmg_real`), records of the operator in `raw_api/*.json`, and the rows of a stored scan.
///
/// An hourly value is served for its four quarters, and every answer says so. Hours that were not recorded are not served.
/// Rows of `real` and of a scan are served as they stand.
final class Recording: Market {
    private struct Cell: Sendable {
        let dollars: Price
        let pesos: Price
        /// A mean of several rows: gives way to a published value of the same hour.
        let isMean: Bool
    }

    let buses: [Bus]
    private var cells: [[Int64: Cell]] = []
    private var real: [LocalDate: [Row]] = [:]
    /// nil where none was given.
    private var scanned: [LocalDate: [Row]]?
    private(set) var hours = 0
    /// What was recorded stays.
    var isChanging = false

    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case unreadable(String)
        case empty(String)

        package var description: String {
            switch self {
            case .unreadable(let path): "\(path) cannot be read"
            case .empty(let path):
                "\(path) holds no recording: expected pudidi/*.jsonl, raw_api/*.json, portal_programado/*.csv or daily/sp500_daily_*.csv.gz"
            }
        }
    }

    /// There are files of the operator's in the folder.
    static func isThere(_ directory: String) -> Bool {
        [("pudidi", ".jsonl"), ("raw_api", ".json"), ("pid_api", ".csv"), ("portal_programado", ".csv")].contains { folder, ending in
            !files(in: directory + "/" + folder, ending: ending).isEmpty
        }
    }

    /// `mayBeEmpty`: there are programmes.
    init(directory: String?, scan: String?, zone: Zone, mayBeEmpty: Bool) throws {
        var found: [String: [Int64: Cell]] = [:]
        var records: [RecordedRow] = []
        for path in directory.map({ files(in: $0 + "/pudidi", ending: ".jsonl") }) ?? [] {
            let bytes = try contents(of: path)
            for line in bytes.split(separator: 10) { try Self.takeHour(Array(line), zone, &found, &hours) }
        }
        for path in directory.map({ files(in: $0 + "/raw_api", ending: ".json") }) ?? [] {
            records += try RecordedRow.read(try contents(of: path))
        }
        let scans = try scan.map { try RecordedRow.read(scan: try contents(of: $0)) }
        if found.isEmpty, records.isEmpty, scans?.isEmpty ?? true, !mayBeEmpty { throw Failure.empty(directory ?? scan ?? "") }

        var infos: [String: Bus] = [:]
        for record in records where record.info != nil {
            infos[record.node] = Bus(id: record.id, info: record.info ?? "nan", node: record.node, area: 0)
        }
        // A published quarter is better than its hour's value.
        for record in records where record.version == .online {
            guard let instant = zone.instants(record.date, hour: record.quarter / 4, minute: record.quarter % 4 * 15).last else { continue }
            found[record.node, default: [:]][instant] = Cell(dollars: record.dollars, pesos: record.pesos, isMean: false)
        }
        let known = Dictionary(Bus.known.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        let nodes = Set(found.keys).union(records.map(\.node)).union(scans?.map(\.node) ?? []).sorted()
        buses = nodes.map { infos[$0] ?? known[$0] ?? Bus(id: nil, info: "nan", node: $0, area: 0) }
        cells = nodes.map { found[$0] ?? [:] }
        let indexes = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
        real = Recording.byDay(records.filter { $0.version != .online }, indexes)
        scanned = scans.map { Recording.byDay($0, indexes) }
    }

    private static func byDay(_ records: [RecordedRow], _ indexes: [String: Int]) -> [LocalDate: [Row]] {
        Dictionary(grouping: records, by: \.date).mapValues { day in
            day.map { record in
                Row(
                    bus: Int32(indexes[record.node] ?? 0), quarter: Int16(record.quarter), version: record.version,
                    dollars: record.dollars, pesos: record.pesos)
            }
        }
    }

    func note(_ source: Source) -> String? {
        if scanned != nil, source == .online { return "minutes-by-first-appearance" }
        return source == .online ? "hourly-value-for-four-quarters" : nil
    }

    func edition(_ source: Source, _ date: LocalDate, now: Int64) -> Edition? { first(source, date) }
    func first(_ source: Source, _ date: LocalDate) -> Edition? { source == .real ? .definitive : .online }

    func recorded(_ source: Source, _ date: LocalDate) -> [Row]? {
        if source == .real { return real[date] ?? [] }
        return scanned.map { $0[date] ?? [] }
    }

    func dollars(bus: Int, quarter: Int64, _ edition: Edition) -> Price? { cells[bus][quarter]?.dollars }

    func pesos(bus: Int, quarter: Int64, dollars: Price) -> Price { dollars == .zero ? .zero : cells[bus][quarter]?.pesos ?? .zero }

    private static func takeHour(_ line: [UInt8], _ zone: Zone, _ found: inout [String: [Int64: Cell]], _ hours: inout Int) throws {
        var reader = try JSONReader(line)
        var date: LocalDate?, hour: Int?, node: String?, dollars: Price?, pesos: Price?, isMean = false
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "date": date = LocalDate(try reader.string())
            case "hour": hour = Int(try reader.int())
            case "node": node = try reader.string()
            case "cmg_usd": dollars = Price(text: try reader.numberText())
            case "cmg_real": pesos = Price(text: try reader.numberText())
            case "data_points": isMean = !(try reader.nullIfPresent())
            default: try reader.skip()
            }
        }
        guard let date, let hour, let node, let dollars, (0...23).contains(hour) else { return }
        // CLP/MWh there, CLP/kWh here.
        let clp = Price(units: ((pesos?.units ?? 0) + 500) / 1000)
        var isNew = false
        for minute in [0, 15, 30, 45] {
            // The later one where the clock showed it twice, as the operator delivers it; none where it skipped it.
            guard let instant = zone.instants(date, hour: hour, minute: minute).last else { continue }
            let old = found[node]?[instant]
            if let old, !old.isMean || isMean { continue }
            isNew = isNew || old == nil
            found[node, default: [:]][instant] = Cell(dollars: dollars, pesos: clp, isMean: isMean)
        }
        if isNew { hours += 1 }
    }
}
