internal import Bytes

/// Which bus the programmes PID and PCP mean by their own names: node as in real and online -> `nmb_barra_info` or `llave_cmg`.
package struct ProgrammeNodes: Sendable, Hashable {
    private var keys: [String: String]

    /// - Chiloé and Chonchi are in the programmes by their busbars' names (TM3-Corp/pudidi_cmg_prediction,
    ///   page_pattern_analysis.ipynb, for PID; the key of PCP is the same list's).
    /// - The eight trunk buses are those of the operator's public exports, which name them both ways: online by node, programmed by key.
    ///
    /// `NVA_P.MONTT___220` (Nueva Puerto Montt) is another busbar than `PMontt220`.
    package static let builtIn = ProgrammeNodes(keys: [
        "CHILOE________110": "BA S/E CHILOE 110KV BP1",
        "CHONCHI_______110": "BA S/E CHONCHI 110KV BP1",
        "ATACAMA_______220": "Atacama220_BP1",
        "CARDONES______220": "Cardones220",
        "CHARRUA_______220": "Charrua220",
        "CRUCERO_______220": "Crucero220",
        "P.AZUCAR______220": "PAzucar220",
        "P.MONTT_______220": "PMontt220",
        "QUILLOTA______220": "Quillota220",
        "TARAPACA______220": "Tarapaca220",
    ])

    package subscript(_ node: String) -> String? { keys[node] }

    /// What is wrong with a table, and where: lines count from 1.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let line: Int
        package let field: String
        package let reason: String

        package var description: String { "line \(line), \(field): \(reason)" }
    }

    /// This table with the entries of a CSV text (RFC 4180, UTF-8) of the header `node,programme_key`; an entry replaces that of the
    /// same node.
    package func extended(byCSV text: [UInt8]) throws(Refusal) -> ProgrammeNodes {
        var result = self
        var lines: [String: Int] = [:]
        var reader = try Self.reading { () throws(CSVError) in try CSVReader(text) }
        guard try Self.reading({ () throws(CSVError) in try reader.nextRow() }), reader.count == 2, reader.text(0) == "node",
            reader.text(1) == "programme_key"
        else { throw Refusal(line: 1, field: "header", reason: "expected node,programme_key") }
        while true {
            let line = reader.line
            guard try Self.reading({ () throws(CSVError) in try reader.nextRow() }) else { return result }
            let (node, key) = (reader.text(0), reader.text(1))
            guard node.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), (1...100).contains(node.utf8.count) else {
                throw Refusal(line: line, field: "node", reason: "expected a bus as the upstream names it, without spaces")
            }
            guard key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), (1...200).contains(key.utf8.count),
                key.utf8.first != 0x20, key.utf8.last != 0x20
            else { throw Refusal(line: line, field: "programme_key", reason: "expected nmb_barra_info or llave_cmg of a programme") }
            if let earlier = lines.updateValue(line, forKey: node) {
                throw Refusal(line: line, field: "node", reason: "\(node) stands on line \(earlier) already")
            }
            result.keys[node] = key
        }
    }

    private static func reading<T>(_ body: () throws(CSVError) -> T) throws(Refusal) -> T {
        do throws(CSVError) { return try body() } catch {
            throw Refusal(line: error.line, field: "column \(error.column)", reason: error.reason.rawValue)
        }
    }

    init(keys: [String: String]) { self.keys = keys }
}
