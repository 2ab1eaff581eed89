internal import Bytes
internal import Series

/// Odd bars among the rows of one call, seen by the bar of the session before: a close that is half as high again as that one's, or the
/// other way round, and a bar that says again what that one said.
struct EquityMarks {
    static let jump = "jump"
    static let stale = "stale"

    private(set) var last: Int?
    private var before: [Value] = []
    private var jumps = 0
    private var stales = 0

    /// In the order of time. `isNext`: no session lies between this row's and the one before it.
    mutating func add(_ values: [Value], isNext: Bool, _ day: Int) {
        if isNext {
            for check in Self.odd(before, values) { if check == Self.jump { jumps += 1 } else { stales += 1 } }
        }
        (last, before) = (day, values)
    }

    /// What is odd about a bar by that of the session before.
    @Sendable static func odd(_ before: [Value], _ after: [Value]) -> [String] {
        let told = Equities.Column.volume + 1
        return (isJump(before, after) ? [jump] : []) + (before.prefix(told) == after.prefix(told) ? [stale] : [])
    }

    func counted(series: Int) -> [QualityMark] {
        [(Self.jump, jumps), (Self.stale, stales)].filter { $0.1 > 0 }.map { QualityMark(series: series, check: $0.0, records: $0.1) }
    }

    /// Twice the one against three times the other, so that nothing is divided.
    private static func isJump(_ before: [Value], _ after: [Value]) -> Bool {
        guard case .decimal(let old) = before[Equities.Column.close], case .decimal(let new) = after[Equities.Column.close],
            let low = min(old, new) * Decimal(3), let high = max(old, new) * Decimal(2)
        else { return false }
        return high > low
    }
}
