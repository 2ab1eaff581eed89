internal import Bytes

/// Records as they come when a field was dropped or renamed upstream, or changed its type: none of them can be used.
enum Spoiling {
    /// What a record cannot do without: its node, its time, its value.
    private static let quarterFields = ["barra_transf", "fecha_minuto", "cmg_usd_mwh_"]
    private static let hourFields = ["llave_cmg", "fecha_hora", "cmg_usd_mwh"]

    /// Rewrites the record that begins at `start`, the last of `out`. `choice` is what the dice say.
    static func drop(_ out: inout [UInt8], from start: Int, _ choice: UInt64) {
        change(&out, from: start) { members in
            let name = field(members, choice)
            members.removeAll { $0.0 == name || isSpare($0.0, of: name) }
        }
    }

    static func distort(_ out: inout [UInt8], from start: Int, _ choice: UInt64) {
        change(&out, from: start) { members in
            let name = field(members, choice)
            members.removeAll { isSpare($0.0, of: name) }
            var values: [JSONValue] = [.null, .number("9223372036854775808"), .bool(true), .object([("a", .array([.null]))])]
            // Another text would be another node.
            if name.hasPrefix("cmg") { values += [.string("s/i"), .string(""), .number("1e400"), .array([.number("1")])] }
            if name.hasPrefix("fecha") { values += [.string("2025-13-45 99:99"), .string("")] }
            guard let place = members.firstIndex(where: { $0.0 == name }) else { return }
            members[place].1 = values[Int(choice >> 8) % values.count]
        }
    }

    private static func field(_ members: [(String, JSONValue)], _ choice: UInt64) -> String {
        let fields = members.contains { $0.0 == "llave_cmg" } ? hourFields : quarterFields
        return fields[Int(choice % 3)]
    }

    /// Another field that says the same: with it the record could still be used.
    private static func isSpare(_ name: String, of field: String) -> Bool {
        switch field {
        case "barra_transf": name == "barra_info" || name == "id_info"
        case "llave_cmg": name == "nmb_barra_info"
        case "fecha_minuto": name == "min" || name == "hra"
        case "fecha_hora": name == "hra"
        default: false
        }
    }

    private static func change(_ out: inout [UInt8], from start: Int, _ body: (inout [(String, JSONValue)]) -> Void) {
        guard case .object(var members)? = try? JSONValue(parsing: Array(out[start...])) else { return }
        body(&members)
        out.removeSubrange(start...)
        out += JSONValue.object(members).bytes
    }
}
