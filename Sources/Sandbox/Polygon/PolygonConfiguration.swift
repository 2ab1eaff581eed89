extension Sandbox {
    /// The imitated stock data service. What goes wrong with it stands in `Faults.polygon`.
    package struct PolygonConfiguration: Sendable {
        /// Generated tickers beside the built-in ones: 0...20,000. A ticker's bars are the same whatever their count.
        package var equities = 0
        /// Tickers that stand in grouped answers and nobody asks for: 0...20,000.
        package var others = 300
        package static let most = 20_000
        /// A folder whose `daily/sp500_daily_*.csv.gz` is served in place of generated bars; nil for none.
        package var recording: String?

        package init() {}
    }
}
