internal import Bytes
internal import Series

/// Records of the sources real and online.
///
///     {"id_info": 3078, "barra_info": "BA S/E …", "barra_transf": "D.AMIGOS______110", "fecha": "2025-12-01", "hra": 0, "min": 0,
///      "cmg_clp_kwh_": 42.85249, "cmg_usd_mwh_": 46.1206, "version": "EN LINEA", "fecha_hora": "2025-12-01 00:00",
///      "fecha_minuto": "2025-12-01 00:00"}
struct CMGQuarters {
    static let names = JSONNames(["barra_transf", "fecha_minuto", "version", "hra", "min", "cmg_usd_mwh_", "cmg_clp_kwh_"])

    private enum Field {
        static let bus = 0
        static let stamp = 1
        static let version = 2
        static let hour = 3
        static let minute = 4
        static let usd = 5
        static let clp = 6
    }

    let isReal: Bool
    private let isBounded: Bool
    private var stamps = CMGStampReader()
    private var stamp: CMGStamp?

    /// `isBounded`: as of `CMGPrice.read`.
    init(isReal: Bool, isBounded: Bool = true) {
        self.isReal = isReal
        self.isBounded = isBounded
    }

    static func bus(_ found: [JSONMember]) -> JSONMember { found[Field.bus] }

    /// Tells records apart by bus, quarter and, where several stand beside each other, version; nil where one of these is missing, so
    /// that the record could be any. Where two that differ meet (once in 10^9 scans), a row counts too few and a call stays
    /// unproved: never the other way round.
    mutating func identity(_ found: [JSONMember], _ bytes: [UInt8]) -> UInt64? {
        stamp = stamps.read(found[Field.stamp], in: bytes)
        guard let stamp, found[Field.bus].isString else { return nil }
        var hash = WordHash()
        hash.add(bytes.span, in: found[Field.bus].range)
        hash.add(stamp.word)
        if isReal {
            guard found[Field.version].isString else { return nil }
            hash.add(bytes.span, in: found[Field.version].range)
        }
        return hash.value
    }

    /// Of the record whose identity was asked for last.
    func verdict(_ found: [JSONMember], _ bytes: [UInt8], in days: CMGDays) -> CMGVerdict {
        guard let stamp else { return .refused("fecha_minuto is not a date and time") }
        guard stamp.minute % 15 == 0 else { return .refused("fecha_minuto is not on a quarter-hour") }
        guard NumberText.int(bytes[found[Field.hour].range]) == Int64(stamp.hour),
            NumberText.int(bytes[found[Field.minute].range]) == Int64(stamp.minute)
        else { return .refused("hra and min do not agree with fecha_minuto") }
        switch days.hour(stamp.hour, day: stamp.day) {
        case nil, .skipped: return .dropped
        // The hour before a doubled one carries values of no known hour.
        case .foreign, .unsettled: return .dropped
        case .at(let start): return row(found, bytes, time: start + Int64(stamp.minute * 60))
        }
    }

    private func row(_ found: [JSONMember], _ bytes: [UInt8], time: Int64) -> CMGVerdict {
        let price: Decimal
        switch CMGPrice.read(found[Field.usd], in: bytes, field: "cmg_usd_mwh_", isBounded: isBounded) {
        case .refused(let reason): return .refused(reason, time: time)
        case .value(let value): price = value
        }
        var pesos = Value.null
        let clp = found[Field.clp]
        if clp.kind != .absent, !bytes[clp.range].elementsEqual("null".utf8) {
            guard let value = CMGPrice.decimal(clp, in: bytes) else { return .refused("cmg_clp_kwh_ is not a number", time: time) }
            pesos = .decimal(value)
        }
        let version = found[Field.version].text(in: bytes).map { String(decoding: $0, as: UTF8.self) }
        let rank = isReal ? Value.integer(version?.hasSuffix("DEF") == true ? CMG.definitive : CMG.preliminary) : .null
        return .row(time: time, values: [.decimal(price), pesos, version.map(Value.text) ?? .null, rank])
    }
}

extension CMG {
    /// Ranks of real costs: what is settled replaces what was not, whichever came first.
    static let preliminary: Int64 = 0
    static let definitive: Int64 = 1
}
