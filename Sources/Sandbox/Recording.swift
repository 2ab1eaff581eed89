internal import Bytes
internal import Glibc

/// Prices that were really published, read from a folder: `pudidi/*.jsonl` with one hourly value a line (`date`, `hour`,
/// `node`, `cmg_usd`, `cmg_real`), and whole answers of the operator in `raw_api/*.json`.
///
/// An hourly value is served for its four quarters, and every answer says so. Hours that were not recorded are not served.
struct Recording: Market {
    private struct Cell: Sendable {
        let dollars: Price
        let pesos: Price
        /// A mean of several rows: gives way to a published value of the same hour.
        let isMean: Bool
    }

    let buses: [Bus]
    let note: String? = "hourly-value-for-four-quarters"
    private var cells: [[Int64: Cell]] = []
    private(set) var hours = 0

    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case unreadable(String)
        case empty(String)

        package var description: String {
            switch self {
            case .unreadable(let path): "\(path) cannot be read"
            case .empty(let path): "\(path) holds no recording: expected pudidi/*.jsonl"
            }
        }
    }

    init(directory: String, zone: Zone) throws {
        var found: [String: [Int64: Cell]] = [:]
        var infos: [String: Bus] = [:]
        for path in files(in: directory + "/pudidi", ending: ".jsonl") {
            let bytes = try contents(of: path)
            for line in bytes.split(separator: 10) { try Self.takeHour(Array(line), zone, &found, &hours) }
        }
        for path in files(in: directory + "/raw_api", ending: ".json") {
            try Self.takeAnswer(try contents(of: path), zone, &found, &infos)
        }
        if found.isEmpty { throw Failure.empty(directory) }
        let known = Dictionary(Bus.known.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        let nodes = found.keys.sorted()
        buses = nodes.map { known[$0] ?? infos[$0] ?? Bus(id: nil, info: "nan", node: $0, area: 0) }
        cells = nodes.map { found[$0] ?? [:] }
    }

    func dollars(bus: Int, quarter: Int64) -> Price? { cells[bus][quarter]?.dollars }

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

    /// Rows of `online` only: the recorded folder holds answers of other sources too.
    private static func takeAnswer(
        _ bytes: [UInt8], _ zone: Zone, _ found: inout [String: [Int64: Cell]], _ infos: inout [String: Bus]
    ) throws {
        guard case .object(let members) = try JSONValue(parsing: bytes),
            case .array(let records)? = members.first(where: { $0.0 == "data" })?.1
        else { return }
        for case .object(let fields) in records {
            let record = Dictionary(fields, uniquingKeysWith: { first, _ in first })
            guard case .string("EN LINEA")? = record["version"], case .string(let node)? = record["barra_transf"],
                case .string(let minute)? = record["fecha_minuto"], let stamp = LocalStamp(Array(minute.utf8)[...]),
                let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day),
                case .number(let usd)? = record["cmg_usd_mwh_"], let dollars = Price(text: Array(usd.utf8)),
                case .number(let clp)? = record["cmg_clp_kwh_"], let pesos = Price(text: Array(clp.utf8)),
                let instant = zone.instants(date, hour: stamp.hour, minute: stamp.minute).last
            else { continue }
            // A published quarter is better than its hour's value.
            found[node, default: [:]][instant] = Cell(dollars: dollars, pesos: pesos, isMean: false)
            var id: Int?
            if case .number(let text)? = record["id_info"] { id = Int(text) }
            if case .string(let info)? = record["barra_info"] { infos[node] = Bus(id: id, info: info, node: node, area: 0) }
        }
    }
}

/// Sorted; none where there is no such folder.
private func files(in directory: String, ending: String) -> [String] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name.hasSuffix(ending) { names.append(directory + "/" + name) }
    }
    return names.sorted()
}

private func contents(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw Recording.Failure.unreadable(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count == 0 { return bytes }
        if count < 0 { throw Recording.Failure.unreadable(path) }
        bytes += buffer[..<count]
    }
}
