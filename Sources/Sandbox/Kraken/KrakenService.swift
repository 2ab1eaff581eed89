internal import Bytes

/// The imitated exchange's public API, from question to answer. Knows nothing of sockets. Not `Sendable`: lives on the sandbox's loop.
final class KrakenService {
    enum Path: String, CaseIterable {
        case ohlc = "/0/public/OHLC"
        case trades = "/0/public/Trades"
        case pairs = "/0/public/AssetPairs"
        case time = "/0/public/Time"
        case status = "/0/public/SystemStatus"
    }

    let clock: Clock
    let dice: Dice
    private let seed: UInt64
    private let configuration: Sandbox.KrakenConfiguration
    private(set) var market: KrakenMarket
    private var pace = PaceKeeper()
    /// Requests so far: what the dice are asked for each.
    private(set) var asked: Int64 = 0
    /// The page of trades sent last, by pair.
    var pages: [String: Answer] = [:]

    var faults: Sandbox.KrakenFaults {
        didSet {
            if faults.downtime == oldValue.downtime, faults.delisted == oldValue.delisted { return }
            market = KrakenMarket(seed: seed, configuration, faults: faults)
            pages = [:]
        }
    }

    init(_ configuration: Sandbox.Configuration, clock: Clock) {
        self.clock = clock
        self.configuration = configuration.kraken
        seed = configuration.seed
        dice = Dice(seed: configuration.seed)
        faults = configuration.faults.kraken
        market = KrakenMarket(seed: configuration.seed, configuration.kraken, faults: configuration.faults.kraken)
    }

    func answer(_ question: Question) -> Answer {
        guard let path = Path(rawValue: question.path) else { return KrakenService.failure("EGeneral:Unknown method") }
        asked += 1
        let now = clock.now
        var answer: Answer
        if let refused = refusal(path, question, now: now) {
            answer = refused
        } else {
            switch path {
            case .ohlc: answer = ohlc(question, now: now)
            case .trades: answer = trades(question, now: now)
            case .pairs: answer = assetPairs(question, now: now)
            case .time: answer = time(now)
            case .status: answer = status(now)
            }
            if answer.rows > 0 || path == .pairs { spoil(&answer) }
        }
        if happens(faults.stallRate, 206) { answer.pause = faults.stallMs }
        return answer
    }

    /// What the door says before anybody looks at the question.
    private func refusal(_ path: Path, _ question: Question, now: Int64) -> Answer? {
        if happens(faults.resetRate, 200) { return .broken }
        if happens(faults.http429Rate, 201) { return .page(429, "Too Many Requests") }
        if happens(faults.http503Rate, 202) { return .page(503, "Service Temporarily Unavailable") }
        if happens(faults.http520Rate, 203) { return .page(520, "Web server is returning an unknown error") }
        if happens(faults.busyRate, 204) { return KrakenService.failure("EService:Busy") }
        if happens(faults.unavailableRate, 205) { return KrakenService.failure("EService:Unavailable") }
        if happens(faults.rateLimitRate, 207) { return KrakenService.failure("EAPI:Rate limit exceeded") }
        guard path == .ohlc || path == .trades, let spelling = question["pair"] else { return nil }
        if happens(faults.unknownPairRate, 212) { return KrakenService.failure("EQuery:Unknown asset pair") }
        let name = market.candles(spelling)?.tape.pair.name ?? spelling
        return pace.take(name, faults) ? nil : KrakenService.failure("EGeneral:Too many requests")
    }

    private func spoil(_ answer: inout Answer) {
        answer.isCut = happens(faults.cutBodyRate, 208)
        guard happens(faults.garbageRate, 209) else { return }
        let kinds = faults.garbage.sorted { $0.rawValue < $1.rawValue }
        GarbageBody.spoil(&answer, kinds[dice.pick(kinds.count, 210, asked)], shape: #"{"error":[],"result":[]}"#)
    }

    func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && dice.unit(salt, asked) < rate }

    /// 200 with an error and no result.
    static func failure(_ error: String) -> Answer {
        Answer(status: 200, type: "application/json", body: Array(#"{"error":["\#(error)"]}"#.utf8))
    }

    /// 200 with the text of a result.
    static func success(_ result: (inout JSONWriter) -> Void, capacity: Int = 512) -> Answer {
        var out = JSONWriter(capacity: capacity)
        out.beginObject()
        out.member("error") { $0.strings([]) }
        out.member("result", result)
        out.endObject()
        return Answer(status: 200, type: "application/json", body: out.bytes)
    }

    /// The key that the result of a pair stands under.
    func key(of pair: Sandbox.KrakenPair, _ question: Question) -> String {
        var pair = pair
        if happens(faults.wrongKeyRate, 211), let other = market.pairs.first(where: { $0.name != pair.name }) { pair = other }
        return question["assetVersion"] == "1" ? pair.display : pair.key
    }
}
