/// Which bus the programmes PID and PCP mean by their own names: node as in real and online -> `nmb_barra_info` or `llave_cmg`.
package struct ProgrammeNodes: Sendable, Hashable {
    private let keys: [String: String]

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

    /// This table with the entries of a CSV text (RFC 4180, UTF-8) of the header `node,programme_key`; an entry replaces that of the
    /// same node.
    package func extended(byCSV text: [UInt8]) throws(TableRefusal) -> ProgrammeNodes {
        let own = try TwoColumnTable(key: "node", value: "programme_key").read(text) { node, key throws(TwoColumnTable.Flaw) in
            guard node.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), (1...100).contains(node.utf8.count) else {
                throw TwoColumnTable.Flaw("node", "expected a bus as the upstream names it, without spaces")
            }
            guard key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), (1...200).contains(key.utf8.count),
                key.utf8.first != 0x20, key.utf8.last != 0x20
            else { throw TwoColumnTable.Flaw("programme_key", "expected nmb_barra_info or llave_cmg of a programme") }
            return (node, key)
        }
        return ProgrammeNodes(keys: keys.merging(own) { $1 })
    }

    init(keys: [String: String]) { self.keys = keys }
}
