internal import Bytes

extension Sandbox {
    /// What goes wrong with the imitated stock data service. Rates are probabilities, 0...1, of a request where nothing else is said;
    /// what befalls a ticker's session is chosen by the seed, and is the same each time it is asked for.
    package struct PolygonFaults: Sendable, Hashable {
        /// From 00:00 New York of the day on, adjusted prices are told divided by the ratio (4 for four shares out of one), all of them.
        package struct Split: Sendable, Hashable {
            package var ticker: String
            /// Since 1970.
            package var day: Int
            package var ratio: Double

            package init(ticker: String, day: Int, ratio: Double) {
                self.ticker = ticker
                self.day = day
                self.ratio = ratio
            }
        }

        package enum Unknown: String, Sendable, Hashable, CaseIterable {
            /// 200 without results, or 404.
            case empty
            case notFound = "not_found"
        }

        package var http429Rate = 0.0
        package var http500Rate = 0.0
        package var http503Rate = 0.0
        /// Nothing is ever answered; the connection breaks before a byte of the answer; in the middle of its body.
        package var timeoutRate = 0.0
        package var resetRate = 0.0
        package var truncatedRate = 0.0
        /// The answer begins only after `stallMs`.
        package var stallRate = 0.0
        /// 200 with a body that is no answer: one of `garbage`.
        package var garbageRate = 0.0
        /// `ticker` of the answer is another's; the counts are off by one.
        package var wrongTickerRate = 0.0
        package var wrongCountsRate = 0.0
        /// A page after the first begins with the bar that the one before ended with.
        package var repeatedBarRate = 0.0
        /// `next_url` leads to the page that it stands on.
        package var loopingCursorRate = 0.0
        /// A bar of an answer is of a day that was not asked for; begins an hour late.
        package var strangerRate = 0.0
        package var offMidnightRate = 0.0
        /// Of a ticker's session: the bar comes twice, the same or with another volume.
        package var duplicateRate = 0.0
        package var conflictingRate = 0.0
        /// Of a ticker's session: high and low do not enclose the rest; open, high or low are null or absent; there is no bar.
        package var contradictoryRate = 0.0
        package var emptyCellRate = 0.0
        package var lostSessionRate = 0.0

        package var garbage = Set(Faults.Garbage.allCases)
        package var latencyMs = 0
        package var stallMs = 30_000
        /// Of a key, within any minute of the sandbox's clock, refused ones too; 0 for any number.
        package var requestsPerMinute = 5
        /// So many tickers lack in each session's grouped answer.
        package var groupedLacking = 0
        /// Base bars of a page at most; nil for as many as were asked for.
        package var pageSize: Int?
        /// Days back from today that are served; older are 403.
        package var historyDays: Int?

        /// A bar of the running session, growing; nil of it before four hours after its close without.
        package var partialToday = false
        /// The last session's volume, and of some its close, change at 08:00 New York on the day after it.
        package var lateCorrections = false
        /// A 429 has no body.
        package var empty429 = false
        package var groupedForbidden = false
        /// The grouped answer of today is 403 until it is there.
        package var todayForbidden = false
        /// A last page that is full leads to one that is empty.
        package var emptyLastPage = false
        /// `status` is DELAYED.
        package var delayed = false
        /// What a recording has lost stays lost; healed, it is served between its neighbours.
        package var lostSessions = true
        /// What a ticker that nobody knows is answered with.
        package var unknownTicker = Unknown.empty
        /// Where `next_url` leads; nil for where the question was sent.
        package var nextURLBase: String?
        package var splits: [Split] = []
        /// Sessions without a bar, by ticker; days since 1970.
        package var lost: [String: Set<Int>] = [:]

        package init() {}

        typealias Path<T> = any WritableKeyPath<PolygonFaults, T> & Sendable

        static let rates: [(name: String, path: Path<Double>)] = [
            ("http_429_rate", \.http429Rate), ("http_500_rate", \.http500Rate), ("http_503_rate", \.http503Rate),
            ("timeout_rate", \.timeoutRate), ("reset_rate", \.resetRate), ("truncated_rate", \.truncatedRate),
            ("stall_rate", \.stallRate), ("garbage_rate", \.garbageRate), ("wrong_ticker_rate", \.wrongTickerRate),
            ("wrong_counts_rate", \.wrongCountsRate), ("repeated_bar_rate", \.repeatedBarRate),
            ("looping_cursor_rate", \.loopingCursorRate), ("stranger_rate", \.strangerRate), ("off_midnight_rate", \.offMidnightRate),
            ("duplicate_rate", \.duplicateRate), ("conflicting_rate", \.conflictingRate), ("contradictory_rate", \.contradictoryRate),
            ("empty_cell_rate", \.emptyCellRate), ("lost_session_rate", \.lostSessionRate),
        ]

        static let counts: [(name: String, path: Path<Int>)] = [
            ("latency_ms", \.latencyMs), ("stall_ms", \.stallMs), ("requests_per_minute", \.requestsPerMinute),
            ("grouped_lacking", \.groupedLacking),
        ]

        /// null turns them off.
        static let bounds: [(name: String, path: Path<Int?>)] = [("page_size", \.pageSize), ("history_days", \.historyDays)]

        static let switches: [(name: String, path: Path<Bool>)] = [
            ("partial_today", \.partialToday), ("late_corrections", \.lateCorrections), ("empty_429", \.empty429),
            ("grouped_forbidden", \.groupedForbidden), ("today_forbidden", \.todayForbidden), ("empty_last_page", \.emptyLastPage),
            ("delayed", \.delayed), ("lost_sessions", \.lostSessions),
        ]
    }
}
