extension Sandbox {
    package struct Configuration: Sendable {
        /// How the unfiltered scan counts its pages.
        package enum PageBase: String, Sendable, Hashable {
            /// 0 and 1 both answer the first page.
            case both
            case zero
            /// Page 0 answers 502.
            case one
        }

        /// Everything generated follows from it.
        package var seed: UInt64 = 1
        /// Buses in generated mode: 40 for tests, 1,579 as in August 2025.
        package var buses = 40
        package static let allBuses = 1_579
        /// A folder with a recording; nil for generated prices.
        package var recording: String?
        /// Seconds since 1970 at which the sandbox's clock starts; nil for the wall clock.
        package var clockStart: Int64?
        /// How many seconds of its clock pass in one second; only with `clockStart`.
        package var clockSpeed = 1.0
        /// Accepted keys; empty accepts any.
        package var keys: Set<String> = []
        /// Requests a key and rolling hour.
        package var quota = 350
        package var pageBase = PageBase.both
        /// Rows a page where none are asked for.
        package var defaultLimit = 10
        /// More rows a page than this end in 502.
        package var limitCeiling = 10_000
        /// Local days before today that are still served; nil for all.
        package var windowDays: Int?
        package var faults = Faults()

        package init() {}
    }
}
