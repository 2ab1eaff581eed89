internal import Bytes

/// A bus as the programmes name it.
struct ProgrammeBus: Sendable, Hashable {
    /// `nmb_barra_info`.
    let info: String
    /// `llave_cmg`.
    let key: String
    let zone: String
    let region: String
    /// The grid's name for it, where it has one.
    let node: String?

    /// Those of the operator's own files, with what it says of them, and two of the island.
    static let known: [ProgrammeBus] = [
        .init(info: "BA S/E PUERTO MONTT 220KV BP1", key: "PMontt220", zone: "Sur", region: "Los Lagos", node: "P.MONTT_______220"),
        .init(info: "BA S/E CHARRUA 220KV BP1-1", key: "Charrua220", zone: "Centro Sur", region: "Biobío", node: "CHARRUA_______220"),
        .init(info: "BA S/E QUILLOTA 220KV BP1-1", key: "Quillota220", zone: "Centro", region: "Valparaíso", node: "QUILLOTA______220"),
        .init(info: "BA S/E PAN DE AZUCAR 220KV BP1", key: "PAzucar220", zone: "Norte", region: "Coquimbo", node: "P.AZUCAR______220"),
        .init(info: "BA S/E CARDONES 220KV BP1-1", key: "Cardones220", zone: "Norte", region: "Atacama", node: "CARDONES______220"),
        .init(info: "BA S/E CRUCERO 220KV BP1", key: "Crucero220", zone: "Norte", region: "Antofagasta", node: "CRUCERO_______220"),
        .init(info: "BA S/E ATACAMA 220KV BP1", key: "Atacama220_BP1", zone: "Norte", region: "Antofagasta", node: "ATACAMA_______220"),
        .init(info: "BA S/E TARAPACA 220KV BP1", key: "Tarapaca220", zone: "Norte", region: "Tarapacá", node: "TARAPACA______220"),
        .init(info: "BA S/E CHILOE 110KV BP1", key: "Chiloe110", zone: "Sur", region: "Los Lagos", node: "CHILOE________110"),
        .init(info: "BA S/E CHONCHI 110KV BP1", key: "Chonchi110", zone: "Sur", region: "Los Lagos", node: "CHONCHI_______110"),
    ]
}

/// One programme: what was foreseen at one moment for the hours that follow.
struct Issue: Sendable {
    /// `fecha_programa` and `hora_programa`.
    let date: LocalDate
    let hour: Int
    /// Both as an instant: the later issue is the better one.
    let issued: Int64
    /// From when it is served.
    let published: Int64
    /// The instants that it covers.
    let covers: Range<Int64>
    /// Its place in a recording.
    var number = 0
}

/// What was foreseen in the imitated world. Lives on the sandbox's loop.
protocol Programmes: AnyObject {
    var buses: [ProgrammeBus] { get }
    /// All that cover some of these instants, served yet or not, the oldest first.
    func issues(_ source: Source, covering instants: Range<Int64>) -> [Issue]
    /// USD/MWh of the hour that begins at `hour`; nil where the issue has none.
    func value(_ source: Source, bus: Int, hour: Int64, of issue: Issue) -> Decimal?
}
