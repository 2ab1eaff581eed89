internal import Bytes

extension Sandbox {
    /// What goes wrong with the imitated metrics service. Rates are probabilities, 0...1, of a request where nothing else is said; what
    /// befalls a record or an account's day is chosen by the seed, and is the same each time it is asked for.
    package struct MetricsFaults: Sendable, Hashable {
        /// A share of something, and when it comes right: at an instant, so many hours after its day's end, or with neither not before
        /// the fault is lifted.
        package struct Share: Sendable, Hashable {
            package var rate: Double
            package var until: Int64?
            package var hoursAfter: Int?

            package init(rate: Double, until: Int64? = nil, hoursAfter: Int? = nil) {
                self.rate = rate
                self.until = until
                self.hoursAfter = hoursAfter
            }

            /// nil where it has no end.
            func end(day: Int) -> Int64? { until ?? hoursAfter.map { Int64(day + 1) * 86_400 + Int64($0) * 3_600 } }

            func isOver(day: Int, now: Int64) -> Bool { end(day: day).map { now >= $0 } ?? false }
        }

        /// Rows of hours that are kept back: so many of all those with trades on some days.
        package struct Withheld: Sendable, Hashable {
            package var hours: Int
            /// Since 1970.
            package var days: Range<Int>
            package var until: Int64?

            package init(hours: Int, days: Range<Int>, until: Int64? = nil) {
                self.hours = hours
                self.days = days
                self.until = until
            }
        }

        /// 200 with Status `fail` and a Message; with Status `error` and an Error.
        package var failRate = 0.0
        package var errorRate = 0.0
        package var http429Rate = 0.0
        package var http500Rate = 0.0
        package var http502Rate = 0.0
        package var http503Rate = 0.0
        /// The connection breaks before a byte of the answer, or in the middle of its body.
        package var resetRate = 0.0
        package var cutBodyRate = 0.0
        /// The answer begins only after `stallMs`.
        package var stallRate = 0.0
        /// 200 with a body that is no answer: one of `garbage`.
        package var garbageRate = 0.0
        /// `Data` is the list itself; names are in lower case and `data` is the list.
        package var bareListRate = 0.0
        package var lowerCaseRate = 0.0
        /// Records of accounts that were not asked for come along.
        package var unaskedRate = 0.0
        /// A page after the first finds the listing shifted: one record has left or entered in front.
        package var driftRate = 0.0
        /// Of a record: its dates are YYYYMMDD; its account id is text; its whole numbers are 12.0 or "12.0".
        package var compactDateRate = 0.0
        package var textIdRate = 0.0
        package var floatWholeRate = 0.0
        /// Of a record: one of its ratios is 1.797e308; text; a bare token that JSON does not know.
        package var hugeRatioRate = 0.0
        package var textNaNRate = 0.0
        package var bareNaNRate = 0.0
        /// Of a record of an unfiltered daily listing: behind it comes one without login, platform and broker; one without account id.
        package var testAccountRate = 0.01
        package var namelessRate = 0.005

        package var garbage = Set(Faults.Garbage.allCases)
        package var latencyMs = 0
        package var stallMs = 30_000
        /// Rows of hours appear so much later; the day's row counts their trades already.
        package var hourLagMinutes = 0
        /// More are refused with 400; nil takes any number.
        package var maxAccountIds: Int?
        package var maxHourlyDates: Int?
        /// Bytes of the target above which it is 414.
        package var maxURL: Int?
        /// Seconds that a 429 tells; nil tells nothing.
        package var retryAfter: Int? = 1
        /// `hours` counts for nothing.
        package var hoursIgnored = false
        /// Account ids whose naming makes a request 400.
        package var poison: Set<String> = []
        /// Of calls of one key; nil: any pace is served.
        package var rateLimit: RateLimit? = RateLimit(perSecond: 10, burst: 20)
        /// Rows of hours with trades come later.
        package var lateHours: Share?
        /// Rows of days come later.
        package var lateDailyRows: Share?
        /// Rows of days tell up to three trades too many or too few.
        package var wrongDailyTrades: Share?
        /// Rows of hours tell a trade less than from the end on, the day's row with them; without an end they are revised at once.
        package var revised: Share?
        package var withheld: Withheld?

        package init() {}

        typealias Path<T> = any WritableKeyPath<MetricsFaults, T> & Sendable

        static let rates: [(name: String, path: Path<Double>)] = [
            ("failRate", \.failRate), ("errorRate", \.errorRate), ("http429Rate", \.http429Rate), ("http500Rate", \.http500Rate),
            ("http502Rate", \.http502Rate), ("http503Rate", \.http503Rate), ("resetRate", \.resetRate), ("cutBodyRate", \.cutBodyRate),
            ("stallRate", \.stallRate), ("garbageRate", \.garbageRate), ("bareListRate", \.bareListRate),
            ("lowerCaseRate", \.lowerCaseRate), ("unaskedRate", \.unaskedRate), ("driftRate", \.driftRate),
            ("compactDateRate", \.compactDateRate), ("textIdRate", \.textIdRate), ("floatWholeRate", \.floatWholeRate),
            ("hugeRatioRate", \.hugeRatioRate), ("textNaNRate", \.textNaNRate), ("bareNaNRate", \.bareNaNRate),
            ("testAccountRate", \.testAccountRate), ("namelessRate", \.namelessRate),
        ]

        static let counts: [(name: String, path: Path<Int>)] = [
            ("latencyMs", \.latencyMs), ("stallMs", \.stallMs), ("hourLagMinutes", \.hourLagMinutes),
        ]

        /// null turns them off.
        static let bounds: [(name: String, path: Path<Int?>)] = [
            ("maxAccountIds", \.maxAccountIds), ("maxHourlyDates", \.maxHourlyDates), ("maxURL", \.maxURL), ("retryAfter", \.retryAfter),
        ]

        /// null turns them off.
        static let shares: [(name: String, path: Path<Share?>)] = [
            ("lateHours", \.lateHours), ("lateDailyRows", \.lateDailyRows), ("wrongDailyTrades", \.wrongDailyTrades),
            ("revised", \.revised),
        ]
    }
}
