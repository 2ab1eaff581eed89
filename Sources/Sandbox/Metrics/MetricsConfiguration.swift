internal import Bytes

extension Sandbox {
    /// The imitated metrics service. What goes wrong with it stands in `Faults.metrics`.
    package struct MetricsConfiguration: Sendable {
        /// How many accounts there are in all of the time: 1...100,000. An account is the same whatever their count.
        package var accounts = 100
        package static let most = 100_000
        /// Hours without trades have rows too.
        package var isDense = false
        /// All accounts live from `begin` on and none ends.
        package var isSteady = false
        /// When the first accounts begin: the start of a day, seconds since 1970.
        package var begin: Int64 = 1_704_067_200

        package init() {}

        /// The day that text names, as the begin; nil for other text.
        package static func day(_ text: String) -> Int64? { LocalDate(text).map { Int64($0.daysSince1970) * 86_400 } }
    }
}
