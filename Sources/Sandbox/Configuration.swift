extension Sandbox {
    package struct Configuration: Sendable {
        /// Everything generated follows from it.
        package var seed: UInt64 = 1
        /// Buses in generated mode: 40 for tests, 1,579 as in August 2025.
        package var buses = 40
        package static let allBuses = 1_579
        /// A folder with a recording; nil for generated prices.
        package var recording: String?
        /// A file with the rows of a stored scan, served as `online` in their order, doubles and omissions included.
        package var scan: String?
        /// Seconds since 1970 at which the sandbox's clock starts; nil for the wall clock.
        package var clockStart: Int64?
        /// How many seconds of its clock pass in one second; only with `clockStart`.
        package var clockSpeed = 1.0
        /// Accepted keys; empty accepts any.
        package var keys: Set<String> = []
        /// Requests a key and rolling hour.
        package var quota = 350
        /// Rows a page where none are asked for.
        package var defaultLimit = 10
        /// The imitated exchange.
        package var kraken = KrakenConfiguration()
        /// The imitated metrics service.
        package var metrics = MetricsConfiguration()
        /// The imitated stock data service.
        package var polygon = PolygonConfiguration()
        /// The imitated product data service.
        package var keepa = KeepaConfiguration()
        /// What goes wrong from the start, and again after `DELETE /_sandbox/faults`.
        package var faults = Faults()

        package init() {}
    }
}
