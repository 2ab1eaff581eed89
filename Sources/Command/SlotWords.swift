internal import Series

/// What slots are called, and how many of them there are.
enum SlotWords {
    /// `hour`, `day` or `minute` where all are that long; else `slot`.
    static func one(_ rulers: Set<Ruler>) -> String {
        guard rulers.count == 1, let ruler = rulers.first else { return "slot" }
        return switch ruler {
        case .days, .every(86_400, _): "day"
        case .every(3600, _): "hour"
        case .every(60, _): "minute"
        case .every: "slot"
        }
    }

    /// `16,800 hours`.
    static func counted(_ count: Int, _ word: String) -> String {
        var digits = Array(String(count))
        for place in stride(from: digits.count - 3, to: digits.first == "-" ? 1 : 0, by: -3) { digits.insert(",", at: place) }
        return "\(String(digits)) \(word)\(count == 1 ? "" : "s")"
    }
}
