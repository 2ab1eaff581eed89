internal import Bytes
internal import EventLoop

extension Sandbox {
    /// What goes wrong with the imitated exchange. Rates are probabilities a request, 0...1.
    package struct KrakenFaults: Sendable, Hashable {
        /// So many refused calls within `seconds`, and everything is refused for `blockSeconds`. Real time.
        package struct Hammer: Sendable, Hashable {
            package var calls: Int
            package var seconds: Int
            package var blockSeconds: Int

            package init(calls: Int, seconds: Int, blockSeconds: Int) {
                self.calls = calls
                self.seconds = seconds
                self.blockSeconds = blockSeconds
            }
        }

        package var http429Rate = 0.0
        package var http503Rate = 0.0
        package var http520Rate = 0.0
        /// 200 with `EService:Busy`, `EService:Unavailable`, `EAPI:Rate limit exceeded`, and no result.
        package var busyRate = 0.0
        package var unavailableRate = 0.0
        package var rateLimitRate = 0.0
        /// 200 with `EQuery:Unknown asset pair` where OHLC or Trades are asked, though the pair is listed.
        package var unknownPairRate = 0.0
        /// The connection breaks before a byte of the answer, or in the middle of its body.
        package var resetRate = 0.0
        package var cutBodyRate = 0.0
        /// The answer begins only after `stallMs`.
        package var stallRate = 0.0
        /// 200 with a body that is no answer: one of `garbage`.
        package var garbageRate = 0.0
        /// The result stands under another pair's key.
        package var wrongKeyRate = 0.0
        /// `since` counts for nothing.
        package var sinceIgnoredRate = 0.0
        /// A candle comes twice; one stands off the grid; one has its high below its low. A candle of the answer each.
        package var doubledRowRate = 0.0
        package var offGridRowRate = 0.0
        package var contradictoryRowRate = 0.0
        /// A page of trades is the one that was sent for this pair before it.
        package var repeatedPageRate = 0.0
        /// A page of trades lacks up to five from its middle.
        package var missingIdsRate = 0.0

        package var garbage = Set(Faults.Garbage.allCases)
        package var latencyMs = 0
        package var stallMs = 30_000
        /// Slots without trades are left out, as in the archive.
        package var placeholdersOmitted = false
        /// `last` of Trades is a number, which doubles cannot hold.
        package var lastIsNumber = false
        /// `since` means at or after, instead of after.
        package var sinceInclusive = false
        /// Of calls of one pair; nil: any pace is served.
        package var rateLimit: RateLimit? = RateLimit(perSecond: 1, burst: 3)
        package var hammer: Hammer?
        /// When no pair trades at all: part of the truth.
        package var downtime: [Range<Int64>] = []
        /// When pairs are delisted, by their names, in place of what their configuration says: part of the truth.
        package var delisted: [String: Int64] = [:]

        package init() {}

        typealias Path<T> = any WritableKeyPath<KrakenFaults, T> & Sendable

        static let rates: [(name: String, path: Path<Double>)] = [
            ("http429Rate", \.http429Rate), ("http503Rate", \.http503Rate), ("http520Rate", \.http520Rate),
            ("busyRate", \.busyRate), ("unavailableRate", \.unavailableRate), ("rateLimitRate", \.rateLimitRate),
            ("unknownPairRate", \.unknownPairRate), ("resetRate", \.resetRate), ("cutBodyRate", \.cutBodyRate), ("stallRate", \.stallRate),
            ("garbageRate", \.garbageRate), ("wrongKeyRate", \.wrongKeyRate), ("sinceIgnoredRate", \.sinceIgnoredRate),
            ("doubledRowRate", \.doubledRowRate), ("offGridRowRate", \.offGridRowRate),
            ("contradictoryRowRate", \.contradictoryRowRate), ("repeatedPageRate", \.repeatedPageRate),
            ("missingIdsRate", \.missingIdsRate),
        ]

        static let counts: [(name: String, path: Path<Int>)] = [("latencyMs", \.latencyMs), ("stallMs", \.stallMs)]

        static let switches: [(name: String, path: Path<Bool>)] = [
            ("placeholdersOmitted", \.placeholdersOmitted), ("lastIsNumber", \.lastIsNumber), ("sinceInclusive", \.sinceInclusive),
        ]
    }
}

// MARK: As JSON

extension Sandbox.KrakenFaults {
    typealias Refused = Sandbox.Faults.Refused

    /// Changes what the object names.
    mutating func change(_ member: FaultMember) throws(Refused) {
        for (name, value) in try member.members() { try set(FaultMember(name: "kraken." + name, value: value), name) }
    }

    private mutating func set(_ member: FaultMember, _ name: String) throws(Refused) {
        if let rate = Self.rates.first(where: { $0.name == name }) { return self[keyPath: rate.path] = try member.rate() }
        if let count = Self.counts.first(where: { $0.name == name }) {
            return self[keyPath: count.path] = min(600_000, try member.count() ?? 0)
        }
        if let flag = Self.switches.first(where: { $0.name == name }) { return self[keyPath: flag.path] = try member.flag() }
        switch name {
        case "garbage":
            garbage = Set(try member.words(Sandbox.Faults.Garbage.self))
            if garbage.isEmpty { garbage = Set(Sandbox.Faults.Garbage.allCases) }
        case "rateLimit": rateLimit = try member.rateLimit()
        case "hammer":
            hammer = nil
            if member.value.isNull { return }
            guard let calls = try member.inner("calls").count(), let seconds = try member.inner("seconds").count(),
                let block = try member.inner("blockSeconds").count()
            else { throw Refused(name: member.name) }
            hammer = Hammer(calls: calls, seconds: seconds, blockSeconds: block)
        case "downtime": downtime = try member.stretches()
        case "delisted":
            delisted = [:]
            for (pair, value) in try member.members() { delisted[pair] = try FaultMember(name: member.name, value: value).instant() }
        default: throw Refused(name: member.name)
        }
    }

    /// All of them, in the form in which they are set.
    func write(_ out: inout JSONWriter) {
        out.beginObject()
        for (name, path) in Self.rates { out.member(name) { $0.double(self[keyPath: path]) } }
        for (name, path) in Self.counts { out.member(name) { $0.int(self[keyPath: path]) } }
        for (name, path) in Self.switches { out.member(name) { $0.bool(self[keyPath: path]) } }
        out.member("garbage") { $0.strings(garbage.map(\.rawValue).sorted()) }
        out.member("rateLimit") { $0.rateLimit(rateLimit) }
        out.member("hammer") { out in
            guard let hammer else { return out.null() }
            out.beginObject()
            out.member("calls") { $0.int(hammer.calls) }
            out.member("seconds") { $0.int(hammer.seconds) }
            out.member("blockSeconds") { $0.int(hammer.blockSeconds) }
            out.endObject()
        }
        out.member("downtime") { out in
            out.beginArray()
            for stretch in downtime {
                out.beginArray()
                out.timestamp(stretch.lowerBound)
                out.timestamp(stretch.upperBound)
                out.endArray()
            }
            out.endArray()
        }
        out.member("delisted") { out in
            out.beginObject()
            for (pair, instant) in delisted.sorted(by: { $0.key < $1.key }) { out.member(pair) { $0.timestamp(instant) } }
            out.endObject()
        }
        out.endObject()
    }
}
