extension Sandbox {
    /// What goes wrong with the imitated product data service. Rates are probabilities, 0...1, of a request where nothing else is said.
    package struct KeepaFaults: Sendable, Hashable {
        package enum BadASIN: String, Sendable, Hashable, CaseIterable {
            /// The whole request is 400; the product is like one that nobody knows.
            case refused, unknown
        }

        /// Without a body, before any token is spent.
        package var http429Rate = 0.0
        package var http500Rate = 0.0
        /// With a page of HTML.
        package var http503Rate = 0.0
        /// Nothing is ever answered, and nothing is spent.
        package var timeoutRate = 0.0
        /// The connection breaks before a byte of the answer, or in the middle of its body: the tokens are spent.
        package var resetRate = 0.0
        package var truncatedRate = 0.0
        /// The answer begins only after `stallMs`.
        package var stallRate = 0.0
        /// 200 with a body that is no answer: one of `garbage`.
        package var garbageRate = 0.0
        /// Products come in another order.
        package var shuffledRate = 0.0
        /// Of a product of an answer: it lacks; comes twice; without title, history and statistics; a field is of another type.
        package var missingRate = 0.0
        package var doubledRate = 0.0
        package var stubRate = 0.0
        package var wrongTypeRate = 0.0
        /// Of a product and an hour, by the seed: fresh offers cannot be had.
        package var failedOffersRate = 0.02
        /// Of all ASINs, by the seed: nobody knows it.
        package var unknownRate = 0.01

        package var garbage = Set(Faults.Garbage.allCases)
        package var latencyMs = 0
        /// On top for a request with offers: a tenth of it to all of it.
        package var offersLatencyMs = 0
        package var stallMs = 30_000
        /// More in one request are 400; nil for any number.
        package var maxASINs: Int? = 100
        /// Every key is refused with 402.
        package var keyRefused = false
        package var badASIN = BadASIN.refused
        /// ASINs that nobody knows; that have a request refused with 400; whose record is always broken.
        package var unknown: Set<String> = []
        package var poison: Set<String> = []
        package var broken: Set<String> = []

        package init() {}

        typealias Path<T> = any WritableKeyPath<KeepaFaults, T> & Sendable

        static let rates: [(name: String, path: Path<Double>)] = [
            ("http_429_rate", \.http429Rate), ("http_500_rate", \.http500Rate), ("http_503_rate", \.http503Rate),
            ("timeout_rate", \.timeoutRate), ("reset_rate", \.resetRate), ("truncated_rate", \.truncatedRate),
            ("stall_rate", \.stallRate), ("garbage_rate", \.garbageRate), ("shuffled_rate", \.shuffledRate),
            ("missing_rate", \.missingRate), ("doubled_rate", \.doubledRate), ("stub_rate", \.stubRate),
            ("wrong_type_rate", \.wrongTypeRate), ("failed_offers_rate", \.failedOffersRate), ("unknown_rate", \.unknownRate),
        ]

        static let counts: [(name: String, path: Path<Int>)] = [
            ("latency_ms", \.latencyMs), ("offers_latency_ms", \.offersLatencyMs), ("stall_ms", \.stallMs),
        ]

        static let lists: [(name: String, path: Path<Set<String>>)] = [
            ("unknown", \.unknown), ("poison", \.poison), ("broken", \.broken),
        ]
    }
}
