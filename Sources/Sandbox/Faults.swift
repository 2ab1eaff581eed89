internal import Bytes
internal import EventLoop

extension Sandbox {
    /// How the unfiltered scan counts its pages.
    package enum PageBase: String, Sendable, Hashable, CaseIterable {
        /// 0 and 1 both answer the first page.
        case both
        case zero
        /// Page 0 answers 502.
        case one
    }

    /// What goes wrong on purpose, switchable while it runs. Rates are probabilities a request, 0...1.
    package struct Faults: Sendable, Hashable {
        /// What the `bar_transf` filter does.
        package enum Filter: String, Sendable, Hashable { case works, ignored, refused = "429", broken = "500" }

        /// Bodies that come with 200 and are no answer.
        package enum Garbage: String, Sendable, Hashable, CaseIterable {
            /// A proxy's page.
            case html
            /// A byte-order mark before the document.
            case bom
            /// NUL bytes in it.
            case nul
            /// Bytes that are not UTF-8 in it.
            case utf8
            /// JSON in which `data` is no list.
            case shape
            /// The document ends in the middle, the HTTP message does not.
            case truncated
            case empty
        }

        /// What a 429 says in Retry-After.
        package enum RetryAfter: Sendable, Hashable {
            case seconds(Int)
            /// An HTTP date so many seconds after now, of the sandbox's clock.
            case date(Int)
            case text(String)
        }

        /// 502 for so many seconds out of so many, in real time, beginning when it is set.
        package struct Burst: Sendable, Hashable {
            let everySeconds: Int
            let seconds: Int
            let origin: Deadline

            var isOn: Bool {
                Int((Deadline.now.nanoseconds - origin.nanoseconds) / 1_000_000_000) % everySeconds < seconds
            }
        }

        /// A page in the middle comes empty and without `totalPages`.
        package var emptyPageRate = 0.0
        /// A page comes with half its rows.
        package var shortPageRate = 0.0
        /// The last page comes empty, without `totalPages`.
        package var emptyLastPageRate = 0.0
        /// A good page lacks `totalPages`.
        package var omitTotalPagesRate = 0.0
        /// `totalPages` is off by one to three.
        package var totalPagesDrift = 0.0
        /// The order shifts between the requests of a scan: rows come twice, others never, and the total stays right.
        package var duplicateAndOmit = 0.0
        package var error502Rate = 0.0
        package var error500Rate = 0.0
        /// The body ends in the middle, and the connection with it.
        package var cutBodyRate = 0.0
        /// 200 with a body that is no answer: one of `garbage`.
        package var garbageRate = 0.0
        /// The request is taken and never answered.
        package var timeoutRate = 0.0
        /// A record lacks a field that it cannot do without; a probability a record.
        package var dropFieldRate = 0.0
        /// A record has a field of a wrong type or without sense; a probability a record.
        package var wrongTypeRate = 0.0

        package var garbage = Set(Garbage.allCases)
        package var latencyMs = 0
        /// On top, for each thousand rows of the answer.
        package var latencyPerThousandRowsMs = 0
        /// On top, for each call of the last minute (real time), ten seconds at most.
        package var latencyPerRecentCallMs = 0
        /// Rows of `online` appear so much later.
        package var extraLagMinutes = 0
        /// Numbers come as text with a decimal comma.
        package var decimalComma = false
        /// A definitive day of `real` still holds its preliminary rows.
        package var mixedVersions = false
        /// Some generated buses begin or end within the years served.
        package var changingBuses = false
        /// Local days of `online` before today that are still served; nil for all.
        package var windowDays: Int?
        /// Pages of a higher number end in 502.
        package var deepestPage: Int?
        /// More requests at once are refused with 429.
        package var parallelLimit: Int?
        /// Requests a rolling hour and key, instead of the configured quota.
        package var throttlePerHour: Int?
        /// Without it a 429 tells nothing.
        package var retryAfter: RetryAfter?
        package var burst502: Burst?
        package var filters: [Source: Filter] = [:]
        package var pageBases: [Source: PageBase] = [:]
        package var limitCeilings: [Source: Int] = [:]
        /// Every request to them ends in 502.
        package var downSources: Set<Source> = []
        /// Days (YYYY-MM-DD) whose every request ends in 502.
        package var lostDays: [String] = []
        /// Days that hold nothing, and say so with 200.
        package var emptyDays: [String] = []
        /// Days that hold nothing until so many days of the sandbox's clock after they were first asked for, by source.
        package var lateDays: [String: Int] = [:]

        /// Of the imitated exchange.
        package var kraken = KrakenFaults()
        /// Of the imitated metrics service.
        package var metrics = MetricsFaults()
        /// Of the imitated stock data service.
        package var polygon = PolygonFaults()
        /// Of the imitated product data service.
        package var keepa = KeepaFaults()

        package init() {}

        /// Of `online`.
        package var filter: Filter {
            get { filter(.online) }
            set { filters[.online] = newValue }
        }

        func filter(_ source: Source) -> Filter { filters[source] ?? .works }
        func pageBase(_ source: Source) -> PageBase { pageBases[source] ?? source.pageBase }
        func limitCeiling(_ source: Source) -> Int { limitCeilings[source] ?? source.limitCeiling }

        typealias Path<T> = any WritableKeyPath<Faults, T> & Sendable

        static let rates: [(name: String, path: Path<Double>)] = [
            ("emptyPageRate", \.emptyPageRate), ("shortPageRate", \.shortPageRate), ("emptyLastPageRate", \.emptyLastPageRate),
            ("omitTotalPagesRate", \.omitTotalPagesRate), ("totalPagesDrift", \.totalPagesDrift),
            ("duplicateAndOmit", \.duplicateAndOmit), ("error502Rate", \.error502Rate), ("error500Rate", \.error500Rate),
            ("cutBodyRate", \.cutBodyRate), ("garbageRate", \.garbageRate), ("timeoutRate", \.timeoutRate),
            ("dropFieldRate", \.dropFieldRate), ("wrongTypeRate", \.wrongTypeRate),
        ]

        static let counts: [(name: String, path: Path<Int>)] = [
            ("latencyMs", \.latencyMs), ("latencyPerThousandRowsMs", \.latencyPerThousandRowsMs),
            ("latencyPerRecentCallMs", \.latencyPerRecentCallMs), ("extraLagMinutes", \.extraLagMinutes),
        ]

        /// null turns them off.
        static let bounds: [(name: String, path: Path<Int?>)] = [
            ("windowDays", \.windowDays), ("deepestPage", \.deepestPage), ("parallelLimit", \.parallelLimit),
        ]

        static let switches: [(name: String, path: Path<Bool>)] = [
            ("decimalComma", \.decimalComma), ("mixedVersions", \.mixedVersions), ("changingBuses", \.changingBuses),
        ]

        static let dayLists: [(name: String, path: Path<[String]>)] = [
            ("lostDays", \.lostDays), ("emptyDays", \.emptyDays),
        ]
    }
}
