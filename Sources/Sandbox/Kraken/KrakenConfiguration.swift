internal import Bytes

extension Sandbox {
    /// The imitated exchange. What goes wrong with it stands in `Faults.kraken`.
    package struct KrakenConfiguration: Sendable {
        /// When most built-in pairs are listed: seconds since 1970. All days of a pair are made once where candles of days or weeks are
        /// asked for; tests begin late.
        package var begin: Int64 = 1_704_067_200
        /// Multiplies every pair's trades.
        package var intensity = 1.0
        /// More pairs, and built-in ones with other properties: told apart by `name`.
        package var pairs: [KrakenPair] = []
        /// Where it is not empty, there are only these.
        package var only: Set<String> = []

        package init() {}

        /// The pairs that there are.
        package var all: [KrakenPair] {
            var all = KrakenPair.builtIn(from: begin)
            for pair in pairs {
                if let index = all.firstIndex(where: { $0.name == pair.name }) { all[index] = pair } else { all.append(pair) }
            }
            return only.isEmpty ? all : all.filter { only.contains($0.name) }
        }

        /// A day of UTC, seconds since 1970, or RFC 3339 with an offset; nil for other text.
        package static func instant(_ text: String) -> Int64? { Instant.parse(text) }

        /// Adds or changes a pair as `KrakenPair.parse` says; false where the text is none.
        package mutating func add(_ text: String) -> Bool {
            guard let pair = KrakenPair.parse(text, over: all, begin: begin) else { return false }
            pairs.append(pair)
            return true
        }
    }
}
