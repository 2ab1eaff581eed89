/// What a day of `real` is made of, as it grows old; of `online`, the one thing that it is.
enum Edition: Int, Sendable, Comparable {
    case online, preliminary, definitive
    /// Definitive still, by its text; some rows have other values.
    case corrected

    static func < (a: Edition, b: Edition) -> Bool { a.rawValue < b.rawValue }

    var version: Version {
        switch self {
        case .online: .online
        case .preliminary: .preliminary
        case .definitive, .corrected: .definitive
        }
    }
}

/// What a row says of itself.
enum Version: UInt8, Sendable {
    case online, preliminary, definitive

    var text: String {
        switch self {
        case .online: "EN LINEA"
        case .preliminary: "REAL-PRE"
        case .definitive: "REAL-DEF"
        }
    }

    init?(text: String) {
        guard let version = [Version.online, .preliminary, .definitive].first(where: { $0.text == text }) else { return nil }
        self = version
    }
}

/// A price of one bus and quarter of an hour, as it is served.
struct Row: Sendable {
    let bus: Int32
    /// Index into the day's quarters.
    let quarter: Int16
    let version: Version
    let dollars: Price
    let pesos: Price
    /// When it is first served, for days that are still growing.
    var appears = Int64.min
}
