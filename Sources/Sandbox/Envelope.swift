internal import Bytes

/// The operator's answers as text: field names, types and the envelope as they were seen on the wire.
extension Operator {
    /// `total` pages; nil leaves the field out, as the operator does with an empty page inside a scan.
    func envelope(_ scan: Scan, _ rows: [(DeliveredDay.Quarter, Row)], total: Int?) -> Answer {
        var json = JSONWriter(capacity: 64 + rows.count * 260)
        json.beginObject()
        json.key("data")
        json.beginArray()
        for (quarter, row) in rows { write(row, quarter, to: &json) }
        json.endArray()
        if let total {
            json.key("totalPages")
            json.int(total)
        }
        json.key("page")
        json.int(scan.page)
        json.key("limit")
        json.int(scan.limit)
        json.endObject()
        return Answer(status: 200, body: json.bytes, rows: rows.count)
    }

    private func write(_ row: Row, _ quarter: DeliveredDay.Quarter, to json: inout JSONWriter) {
        let bus = market.buses[Int(row.bus)]
        var day: [UInt8] = []
        quarter.date.append(to: &day)
        json.beginObject()
        json.key("id_info")
        if let id = bus.id { json.int(id) } else { json.null() }
        json.key("barra_info")
        json.string(bus.info)
        json.key("barra_transf")
        json.string(bus.node)
        json.key("fecha")
        json.string(day[...])
        json.key("hra")
        json.int(quarter.hour)
        json.key("min")
        json.int(quarter.minute)
        json.key("cmg_clp_kwh_")
        write(row.pesos, to: &json)
        json.key("cmg_usd_mwh_")
        write(row.dollars, to: &json)
        json.key("version")
        json.string("EN LINEA")
        let hour = day + stamp(quarter.hour, 0)
        json.key("fecha_hora")
        json.string(hour[...])
        let minute = day + stamp(quarter.hour, quarter.minute)
        json.key("fecha_minuto")
        json.string(minute[...])
        json.endObject()
    }

    private func write(_ price: Price, to json: inout JSONWriter) {
        var text: [UInt8] = []
        price.append(to: &text, point: UInt8(ascii: faults.decimalComma ? "," : "."))
        if faults.decimalComma { json.string(text[...]) } else { json.number(text) }
    }

    private func stamp(_ hour: Int, _ minute: Int) -> [UInt8] {
        var text = [UInt8(ascii: " ")]
        NumberText.append(hour, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        NumberText.append(minute, width: 2, to: &text)
        return text
    }
}
