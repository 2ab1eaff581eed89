internal import Bytes

/// The hours of one local day in all programmes that are served at some moment.
final class ProgrammeTable: DayListing {
    private struct Line {
        let bus: Int32
        let hour: Int8
        let hasLetter: Bool
        let issue: Int16
        let value: Decimal
    }

    private let lines: [Line]
    private let heads: [[UInt8]]
    private let tails: [[UInt8]]
    private let date: [UInt8]
    private let issues: [[UInt8]]

    /// `issues`: those that are served.
    init(_ source: Source, _ day: DeliveredDay, _ issues: [Issue], of programmes: any Programmes, dice: Dice) {
        var lines: [Line] = []
        let salt: UInt64 = source == .pcp ? 95 : 96
        for (number, issue) in issues.enumerated() {
            for quarter in day.quarters where quarter.minute == 0 {
                for bus in programmes.buses.indices {
                    guard let value = programmes.value(source, bus: bus, hour: quarter.instant, of: issue) else { continue }
                    // The hour that the clock skipped comes as a zero, as from the other listings.
                    lines.append(Line(
                        bus: Int32(bus), hour: Int8(quarter.hour),
                        hasLetter: dice.unit(97, Int64(bus), quarter.instant ^ issue.issued) < 0.1, issue: Int16(number),
                        value: quarter.kind == .phantom ? .zero : value))
                }
            }
        }
        self.lines = dice.permutation(lines.count, salt, Int64(day.date.daysSince1970)).map { lines[$0] }
        heads = programmes.buses.map { bus in
            var json = JSONWriter()
            json.beginObject()
            json.member("nmb_barra_info") { $0.string(bus.info) }
            json.member("llave_cmg") { $0.string(bus.key) }
            return json.bytes + #","cmg_usd_mwh":"#.utf8
        }
        tails = programmes.buses.map { bus in
            var json = JSONWriter()
            json.beginObject()
            json.member("zona") { $0.string(bus.zone) }
            json.member("region") { $0.string(bus.region) }
            return Array(json.bytes.dropFirst()) + #","hra":"#.utf8
        }
        date = Array(day.date.description.utf8)
        self.issues = issues.map { Array(#":00:00","fecha_programa":"\#($0.date)","hora_programa":\#($0.hour),"#.utf8) }
        super.init(count: lines.count, complete: .min)
    }

    override func write(_ row: Int, to out: inout [UInt8], comma: Bool) {
        let line = lines[row]
        out += heads[Int(line.bus)]
        if comma {
            out.append(UInt8(ascii: "\""))
            let start = out.count
            line.value.append(to: &out)
            if let point = out[start...].firstIndex(of: UInt8(ascii: ".")) { out[point] = UInt8(ascii: ",") }
            out.append(UInt8(ascii: "\""))
        } else {
            line.value.append(to: &out)
            if line.value.scale == 0 { out += ".0".utf8 }
        }
        out += #","fecha_hora":""#.utf8
        out += date
        out.append(UInt8(ascii: line.hasLetter ? "T" : " "))
        NumberText.append(Int(line.hour), width: 2, to: &out)
        out += issues[Int(line.issue)]
        out += tails[Int(line.bus)]
        NumberText.append(Int64(line.hour), to: &out)
        out.append(UInt8(ascii: "}"))
    }
}
