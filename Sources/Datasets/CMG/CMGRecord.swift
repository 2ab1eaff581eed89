internal import Bytes
internal import Series

/// One record as it stands in the body: slices of it, nothing judged and no `String` made.
///
///     {"id_info": 3078, "barra_info": "BA S/E …", "barra_transf": "D.AMIGOS______110", "fecha": "2025-12-01", "hra": 0, "min": 0,
///      "cmg_clp_kwh_": 42.85249, "cmg_usd_mwh_": 46.1206, "version": "EN LINEA", "fecha_hora": "2025-12-01 00:00",
///      "fecha_minuto": "2025-12-01 00:00"}
struct CMGRecord {
    var bus: ArraySlice<UInt8>?
    var minuteStamp: ArraySlice<UInt8>?
    var version: ArraySlice<UInt8>?
    var hour: ArraySlice<UInt8>?
    var minute: ArraySlice<UInt8>?
    /// Values as they stand, strings with their quotes; nil where the field is missing.
    var usd: ArraySlice<UInt8>?
    var clp: ArraySlice<UInt8>?

    init(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            switch key {
            case "barra_transf": bus = try Self.text(&reader)
            case "fecha_minuto": minuteStamp = try Self.text(&reader)
            case "version": version = try Self.text(&reader)
            case "hra": hour = try reader.raw()
            case "min": minute = try reader.raw()
            case "cmg_usd_mwh_": usd = try reader.raw()
            case "cmg_clp_kwh_": clp = try reader.raw()
            default: try reader.skip()
            }
        }
    }

    private static func text(_ reader: inout JSONReader) throws(JSONError) -> ArraySlice<UInt8>? {
        if try reader.peek() == .string { return try reader.stringBytes() }
        try reader.skip()
        return nil
    }

    /// Tells records apart by bus, quarter and version. Where two that differ meet (once in 10^9 scans), a row counts too few and a
    /// call stays unproved: never the other way round.
    var identity: UInt64 {
        var hash = ByteHash()
        for part in [minuteStamp, version, bus] {
            hash.add(part ?? [])
            hash.add(0)
        }
        return hash.value
    }
}

/// FNV-1a of 64 bits: the same in every process.
struct ByteHash {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    mutating func add(_ bytes: ArraySlice<UInt8>) { for byte in bytes { add(byte) } }
}

/// What a record of a wanted bus comes to.
enum CMGVerdict {
    case row(time: Int64, values: [Value])
    case dropped
    /// The record names an hour whose values are known to be wrong; asking again would not help.
    case foreignHour
    /// The record cannot be trusted: why.
    case refused(String)
}

extension CMGRecord {
    func verdict(in days: CMGDays) -> CMGVerdict {
        guard let minuteStamp, minuteStamp.count >= 16, let stamp = LocalStamp(minuteStamp) else {
            return .refused("fecha_minuto is not a date and time")
        }
        guard let date = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day) else {
            return .refused("fecha_minuto is not a date and time")
        }
        guard stamp.minute % 15 == 0, stamp.second == 0 else { return .refused("fecha_minuto is not on a quarter-hour") }
        guard hour.flatMap(NumberText.int) == Int64(stamp.hour), minute.flatMap(NumberText.int) == Int64(stamp.minute) else {
            return .refused("hra and min do not agree with fecha_minuto")
        }
        switch days.hour(stamp.hour, day: date.daysSince1970) {
        case nil, .skipped: return .dropped
        case .foreign: return .foreignHour
        case .at(let start): return row(time: start + Int64(stamp.minute * 60))
        }
    }

    private func row(time: Int64) -> CMGVerdict {
        // A missing field must not become a price of zero: zero is a price here, and a common one.
        guard let usd else { return .refused("cmg_usd_mwh_ is missing") }
        guard let price = Self.decimal(usd) else { return .refused("cmg_usd_mwh_ is not a number") }
        guard price <= Self.priceMax, price >= Self.priceMin else { return .refused("cmg_usd_mwh_ is beyond 10,000 USD/MWh") }
        var pesos = Value.null
        if let clp, !clp.elementsEqual("null".utf8) {
            guard let value = Self.decimal(clp) else { return .refused("cmg_clp_kwh_ is not a number") }
            pesos = .decimal(value)
        }
        let version = self.version.map { Value.text(String(decoding: $0, as: UTF8.self)) } ?? .null
        return .row(time: time, values: [.decimal(price), pesos, version])
    }

    private static let priceMax = Decimal(10_000)
    private static let priceMin = Decimal(-10_000)

    /// A JSON number, or a string of one with a point or a comma (one user of the API saw `"46,1206"`).
    private static func decimal(_ raw: ArraySlice<UInt8>) -> Decimal? {
        guard raw.first == UInt8(ascii: "\"") else { return Decimal(utf8: raw) }
        var digits = Array(raw.dropFirst().dropLast())
        if let comma = digits.firstIndex(of: UInt8(ascii: ",")) { digits[comma] = UInt8(ascii: ".") }
        return Decimal(utf8: digits)
    }
}
