internal import Bytes

/// One record as the operator gave it.
struct RecordedRow {
    let node: String
    let id: Int?
    let info: String?
    let date: LocalDate
    /// 0..<96, by the labels of the wall clock.
    let quarter: Int
    let version: Version
    let dollars: Price
    let pesos: Price

    /// A list of records, or a whole answer with `data`; what is neither holds none. A record without its node, time,
    /// version or prices is left out.
    static func read(_ bytes: [UInt8]) throws -> [RecordedRow] {
        let document = try JSONValue(parsing: bytes)
        return (document.array ?? document["data"]?.array ?? []).compactMap(RecordedRow.init(record:))
    }

    private init?(record: JSONValue) {
        guard let node = record["barra_transf"]?.string, let version = record["version"]?.string.flatMap(Version.init(text:)),
            let minute = record["fecha_minuto"]?.string, let stamp = LocalStamp(Array(minute.utf8)[...]),
            let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day),
            let dollars = record["cmg_usd_mwh_"]?.numberText.flatMap({ Price(text: $0.utf8) }),
            let pesos = record["cmg_clp_kwh_"]?.numberText.flatMap({ Price(text: $0.utf8) })
        else { return nil }
        self.init(
            node: node, id: record["id_info"]?.int.map(Int.init), info: record["barra_info"]?.string, date: date,
            quarter: stamp.hour * 4 + stamp.minute / 15, version: version, dollars: dollars, pesos: pesos)
    }

    private init(
        node: String, id: Int?, info: String?, date: LocalDate, quarter: Int, version: Version, dollars: Price, pesos: Price
    ) {
        self.node = node
        self.id = id
        self.info = info
        self.date = date
        self.quarter = quarter
        self.version = version
        self.dollars = dollars
        self.pesos = pesos
    }

    private struct Hour: Hashable {
        let node: String
        let date: LocalDate
        let hour: Int
    }

    /// The rows of a stored scan (`data`, each with `date`, `hour`, `node`, `cmg_usd`, `cmg_real` in CLP/MWh), in their order.
    /// It lacks the minutes: equal values of one hour are given the same quarter, in the order of their first appearance.
    static func read(scan bytes: [UInt8]) throws -> [RecordedRow] {
        var seen: [Hour: [Price]] = [:]
        var rows: [RecordedRow] = []
        for record in try JSONValue(parsing: bytes)["data"]?.array ?? [] {
            guard let date = record["date"]?.string.flatMap({ LocalDate($0) }), let hour = record["hour"]?.int, (0...23).contains(hour),
                let node = record["node"]?.string, let dollars = record["cmg_usd"]?.numberText.flatMap({ Price(text: $0.utf8) })
            else { continue }
            let pesos = record["cmg_real"]?.numberText.flatMap { Price(text: $0.utf8) } ?? .zero
            let key = Hour(node: node, date: date, hour: Int(hour))
            var values = seen[key] ?? []
            if !values.contains(dollars) { values.append(dollars) }
            seen[key] = values
            // More values than an hour has quarters cannot be told apart.
            let place = min(3, values.firstIndex(of: dollars) ?? 0)
            rows.append(RecordedRow(
                node: node, id: nil, info: nil, date: date, quarter: Int(hour) * 4 + place, version: .online, dollars: dollars,
                pesos: Price(units: (pesos.units + 500) / 1000)))
        }
        return rows
    }
}
