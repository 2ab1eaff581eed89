/// The hidden truth of the imitated exchange: its pairs, their trades, and when nobody traded. Lives on the sandbox's loop.
final class KrakenMarket {
    /// In the order of their names.
    let pairs: [Sandbox.KrakenPair]
    let downtimes: [Range<Int64>]
    private let candlesByPair: [Candles]
    private let indexes: [String: Int]

    /// `faults`: of them downtimes and delistings count.
    init(seed: UInt64, _ configuration: Sandbox.KrakenConfiguration, faults: Sandbox.KrakenFaults) {
        let pairs = configuration.all.sorted { $0.name < $1.name }.map { pair in
            var pair = pair
            pair.delisted = faults.delisted[pair.name] ?? pair.delisted
            return pair
        }
        let downtimes = faults.downtime
        self.pairs = pairs
        self.downtimes = downtimes.sorted { $0.lowerBound < $1.lowerBound }
        let dice = Dice(seed: seed)
        candlesByPair = pairs.map {
            Candles(Tape($0, dice: dice, intensity: configuration.intensity, downtimes: downtimes))
        }
        var indexes: [String: Int] = [:]
        for (index, pair) in pairs.enumerated() { for name in pair.spellings { indexes[name] = index } }
        self.indexes = indexes
    }

    /// By any of its spellings.
    func candles(_ spelling: String) -> Candles? { indexes[spelling].map { candlesByPair[$0] } }

    /// By its name, as a client finds it at `now`: before its listing and after its delisting there is no such pair.
    func live(_ spelling: String, now: Int64) -> Candles? {
        guard let found = candles(spelling), isLive(found.tape.pair, now: now) else { return nil }
        return found
    }

    func isLive(_ pair: Sandbox.KrakenPair, now: Int64) -> Bool { now >= pair.listed && pair.delisted.map { now < $0 } ?? true }

    /// Seconds of the stretch in which nobody could trade.
    func downSeconds(_ range: Range<Int64>) -> Int64 {
        var (seconds, end) = (Int64(0), Int64.min)
        for downtime in downtimes {
            let part = downtime.clamped(to: range)
            let from = max(part.lowerBound, end)
            if from < part.upperBound { seconds += part.upperBound - from }
            end = max(end, part.upperBound)
        }
        return seconds
    }
}
