/// A bus of the grid as the operator writes it.
struct Bus: Sendable, Hashable {
    /// null for some.
    let id: Int?
    /// For people; the text "nan" where the operator's table has none.
    let info: String
    /// Fourteen characters padded with `_`, then the kilovolts in three digits.
    let node: String
    /// Buses of one area have nearly equal prices.
    let area: Int

    init(id: Int?, info: String, name: String, kilovolts: Int, area: Int) {
        self.init(id: id, info: info, node: Bus.padded(name, 14) + String(String(1000 + kilovolts).dropFirst()), area: area)
    }

    init(id: Int?, info: String, node: String, area: Int) {
        self.id = id
        self.info = info
        self.node = node
        self.area = area
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: "_", count: max(0, width - text.count))
    }

    static let areas = 8
    private static let south = 7

    /// Those that a client is most likely to trip over: the island's, the same name in two spellings, accents, no
    /// description, not to be shown. Each stands for one seen in the operator's answers.
    static let known: [Bus] = [
        Bus(id: 1401, info: "BA S/E CHILOE 220KV BP1", name: "CHILOE", kilovolts: 220, area: south),
        Bus(id: 1402, info: "BA S/E CHILOE 110KV BP1", name: "CHILOE", kilovolts: 110, area: south),
        Bus(id: 1403, info: "BA S/E QUELLON 110KV BP1", name: "QUELLON", kilovolts: 110, area: south),
        Bus(id: nil, info: "nan", name: "QUELLON", kilovolts: 13, area: south),
        Bus(id: 1404, info: "BA S/E CHONCHI 110KV BP1", name: "CHONCHI", kilovolts: 110, area: south),
        Bus(id: 1405, info: "BA S/E DALCAHUE 23KV BP1", name: "DALCAHUE", kilovolts: 23, area: south),
        Bus(id: 1406, info: "BA S/E NUEVA PUERTO MONTT 220KV BP1", name: "NVA_P.MONTT", kilovolts: 220, area: south),
        Bus(id: 1407, info: "BA S/E PIDPID 110KV BP1", name: "PIDPID", kilovolts: 110, area: south),
        Bus(id: 1408, info: "BA S/E DALCAHUE 110KV BP1", name: "DALCAHUE", kilovolts: 110, area: south),
        Bus(id: 2201, info: "BA S/E PEÑABLANCA 13KV BP1", name: "PEÑABLANCA", kilovolts: 13, area: 3),
        Bus(id: 2202, info: "BA S/E PENABLANCA 13KV BP2", name: "PENABLANCA", kilovolts: 13, area: 3),
        Bus(id: 2203, info: "BA S/E DEGAÑ 110KV BP1", name: "DEGAÑ", kilovolts: 110, area: 6),
        Bus(id: 2204, info: "BA S/E ÑUÑOA 110KV BP1 [NO_MOSTRAR]", name: "ÑUÑOA", kilovolts: 110, area: 4),
        Bus(id: nil, info: "BA S/E TAP SIN FICHA 66KV", name: "TAP_SIN_FICHA", kilovolts: 66, area: 5),
        // The trunk, which the programmes know.
        Bus(id: 2301, info: "BA S/E PUERTO MONTT 220KV BP1", name: "P.MONTT", kilovolts: 220, area: south),
        Bus(id: 2302, info: "BA S/E CHARRUA 220KV BP1-1", name: "CHARRUA", kilovolts: 220, area: 5),
        Bus(id: 2303, info: "BA S/E QUILLOTA 220KV BP1-1", name: "QUILLOTA", kilovolts: 220, area: 3),
        Bus(id: 2304, info: "BA S/E PAN DE AZUCAR 220KV BP1", name: "P.AZUCAR", kilovolts: 220, area: 2),
        Bus(id: 2305, info: "BA S/E CARDONES 220KV BP1-1", name: "CARDONES", kilovolts: 220, area: 1),
        Bus(id: 2306, info: "BA S/E CRUCERO 220KV BP1", name: "CRUCERO", kilovolts: 220, area: 0),
        Bus(id: 2307, info: "BA S/E ATACAMA 220KV BP1", name: "ATACAMA", kilovolts: 220, area: 0),
        Bus(id: 2308, info: "BA S/E TARAPACA 220KV BP1", name: "TARAPACA", kilovolts: 220, area: 0),
    ]

    /// `count` buses, the known ones first.
    static func generated(_ dice: Dice, count: Int) -> [Bus] {
        let first = ["ALTO", "AGUA", "CERRO", "DON", "EL", "LA", "LAGO", "LOS", "MAR", "NVA", "PAN", "PTO", "RIO", "SAN", "STA", "VILLA"]
        let second = ["ANDES", "BLANCO", "CRUZ", "DELTA", "ESTE", "FARO", "GOYO", "HUASCO", "LIMA", "MAULE", "NORTE", "PAINE"]
        let volts = [13, 23, 33, 66, 110, 154, 220, 500]
        var buses = Array(known.prefix(count))
        for i in buses.count..<max(buses.count, count) {
            let n = Int64(i)
            let name = "\(first[dice.pick(first.count, 1, n)])\(i % 3 == 0 ? "." : "_")\(second[dice.pick(second.count, 2, n)])"
            let kilovolts = volts[dice.pick(volts.count, 3, n)]
            // A number keeps the names apart: a name may come twice, a node must not.
            let short = String(name.prefix(10)) + String(i, radix: 36, uppercase: true)
            let hidden = dice.unit(5, n) < 0.03 ? " [NO_MOSTRAR]" : ""
            let info = dice.unit(4, n) < 0.02 ? "nan" : "BA S/E \(name) \(kilovolts)KV BP1\(hidden)"
            let id = dice.unit(6, n) < 0.04 ? nil : 3000 + i
            buses.append(Bus(id: id, info: info, name: short, kilovolts: kilovolts, area: dice.pick(areas, 7, n)))
        }
        return buses
    }
}
