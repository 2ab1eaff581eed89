internal import Bytes

/// A day of `real` or `online`.
final class QuarterTable: DayListing {
    let rows: [Row]
    private let texts: BusTexts
    private let date: [UInt8]
    private let middles: [[UInt8]]
    /// By version, then quarter.
    private let tails: [[[UInt8]]]

    init(_ day: DeliveredDay, rows: [Row], texts: BusTexts) {
        self.rows = rows
        self.texts = texts
        var date: [UInt8] = []
        day.date.append(to: &date)
        self.date = date
        middles = day.quarters.map { Array(#"","hra":\#($0.hour),"min":\#($0.minute),"cmg_clp_kwh_":"#.utf8) }
        tails = [Version.online, .preliminary, .definitive].map { version in
            day.quarters.map { quarter in
                var tail = Array(#","version":"\#(version.text)","fecha_hora":""#.utf8) + date
                QuarterTable.append(quarter.hour, 0, to: &tail)
                tail += #"","fecha_minuto":""#.utf8
                tail += date
                QuarterTable.append(quarter.hour, quarter.minute, to: &tail)
                return tail + #""}"#.utf8
            }
        }
        super.init(count: rows.count, complete: rows.reduce(Int64.min) { max($0, $1.appears) })
    }

    override func appears(_ row: Int) -> Int64 { rows[row].appears }

    override func write(_ row: Int, to out: inout [UInt8], comma: Bool) {
        let row = rows[row]
        out += texts.heads[Int(row.bus)]
        out += date
        out += middles[Int(row.quarter)]
        row.pesos.write(to: &out, comma: comma)
        out += QuarterTable.dollars
        row.dollars.write(to: &out, comma: comma)
        out += tails[Int(row.version.rawValue)][Int(row.quarter)]
    }

    private static let dollars = Array(#","cmg_usd_mwh_":"#.utf8)

    private static func append(_ hour: Int, _ minute: Int, to text: inout [UInt8]) {
        text.append(UInt8(ascii: " "))
        NumberText.append(hour, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        NumberText.append(minute, width: 2, to: &text)
    }
}

/// How the rows of each bus begin.
final class BusTexts {
    let heads: [[UInt8]]

    init(_ buses: [Bus]) {
        heads = buses.map { bus in
            var json = JSONWriter()
            json.beginObject()
            json.member("id_info") { $0.count(bus.id) }
            json.member("barra_info") { $0.string(bus.info) }
            json.member("barra_transf") { $0.string(bus.node) }
            return json.bytes + #","fecha":""#.utf8
        }
    }
}

extension Price {
    /// With a comma, a number is a text.
    func write(to out: inout [UInt8], comma: Bool) {
        if comma { out.append(UInt8(ascii: "\"")) }
        append(to: &out, point: UInt8(ascii: comma ? "," : "."))
        if comma { out.append(UInt8(ascii: "\"")) }
    }
}
