internal import Bytes

/// The operator's marginal-cost service, from question to answer. Knows nothing of sockets. Not `Sendable`: lives on the
/// sandbox's loop.
final class Operator {
    let configuration: Sandbox.Configuration
    let market: any Market
    let programmes: any Programmes
    let zone: Zone
    let clock: Clock
    var faults: Sandbox.Faults {
        didSet {
            late.removeUnlisted(faults.lateDays)
            if faults.changingBuses != market.isChanging {
                market.isChanging = faults.changingBuses
                shelf.clear()
            }
        }
    }
    let publication: Publication
    let shelf: Shelf
    let dice: Dice
    private let indexes: [String: Int]
    private var quotas: [String: Quota] = [:]
    private var keyNumbers: [String: Int] = [:]
    private var late = LateDays()
    /// Requests so far: what the dice are asked for each.
    var asked: Int64 = 0

    init(_ configuration: Sandbox.Configuration) throws {
        self.configuration = configuration
        let zone = try Zone.load("America/Santiago")
        let dice = Dice(seed: configuration.seed)
        if configuration.recording != nil || configuration.scan != nil {
            let recorded = try RecordedProgrammes(directory: configuration.recording, zone: zone)
            market = try Recording(
                directory: configuration.recording, scan: configuration.scan, zone: zone, mayBeEmpty: !recorded.isEmpty)
            programmes = recorded
        } else {
            let generated = GeneratedMarket(seed: configuration.seed, buses: configuration.buses, zone: zone)
            market = generated
            programmes = GeneratedProgrammes(generated)
        }
        self.zone = zone
        self.dice = dice
        clock = Clock(start: configuration.clockStart, speed: configuration.clockSpeed)
        faults = configuration.faults
        publication = Publication(dice: dice)
        shelf = Shelf(market, programmes, publication, dice: dice, zone: zone)
        market.isChanging = faults.changingBuses
        indexes = Dictionary(market.buses.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// `isOneTooMany`: others are being answered, as many as may be.
    func answer(_ question: Question, isOneTooMany: Bool = false) -> Answer {
        guard let source = Source(path: question.path) else { return .plain(404, "No Mapping Rule matched") }
        guard let key = question["user_key"] else { return .plain(403, "Authentication parameters missing") }
        guard configuration.keys.isEmpty || configuration.keys.contains(key) else { return .plain(403, "Authentication failed") }
        let number = keyNumbers[key] ?? keyNumbers.count + 1
        keyNumbers[key] = number
        asked += 1
        var answer = answer(question, source, key, isOneTooMany)
        answer.key = number
        return answer
    }

    private func answer(_ question: Question, _ source: Source, _ key: String, _ isOneTooMany: Bool) -> Answer {
        let now = clock.now
        let isWithin = quotas[key, default: Quota()].take(faults.throttlePerHour ?? configuration.quota, now: now)
        if !isWithin || isOneTooMany { return refusal(now) }
        if happens(faults.timeoutRate, 67) { return .never }
        if faults.downSources.contains(source) || faults.burst502?.isOn == true { return .page(502, "Bad Gateway") }
        if happens(faults.error502Rate, 60) { return .page(502, "Bad Gateway") }
        if happens(faults.error500Rate, 61) { return .page(500, "Internal Server Error") }
        guard let scan = Scan(question, source, defaultLimit: configuration.defaultLimit) else {
            return Answer(status: 400, body: Array(#"{"message":"startDate and endDate are required (YYYY-MM-DD)"}"#.utf8))
        }
        // Beyond these the service gives up instead of saying so.
        if scan.limit > 100_000 { return .page(504, "Gateway Time-out") }
        let isLost = scan.days.count > 31 || faults.lostDays.contains { LocalDate($0).map(scan.days.contains) ?? false }
        if let deepest = faults.deepestPage, scan.page > deepest { return .page(502, "Bad Gateway") }
        if isLost || scan.limit > faults.limitCeiling(source) { return .page(502, "Bad Gateway") }
        var answer = filtered(scan, now: now)
        guard answer.status == 200 else { return answer }
        if let note = market.note(source) { answer.fields.append(("Gapless-Sandbox", note)) }
        answer.isCut = happens(faults.cutBodyRate, 62)
        if happens(faults.garbageRate, 68) {
            let kinds = faults.garbage.sorted { $0.rawValue < $1.rawValue }
            GarbageBody.spoil(&answer, kinds[dice.pick(kinds.count, 69, asked)])
        }
        return answer
    }

    private func refusal(_ now: Int64) -> Answer {
        var answer = Answer.plain(429, "Limits exceeded")
        switch faults.retryAfter {
        case nil: break
        case .seconds(let seconds): answer.fields.append(("Retry-After", "\(seconds)"))
        case .date(let seconds): answer.fields.append(("Retry-After", HTTPDate.text(now + Int64(seconds))))
        case .text(let text): answer.fields.append(("Retry-After", text))
        }
        return answer
    }

    private func filtered(_ scan: Scan, now: Int64) -> Answer {
        guard let bus = scan.bus else { return page(scan, of: nil, now: now) }
        switch faults.filter(scan.source) {
        case .works: return page(scan, of: indexes[bus] ?? -1, now: now)
        case .ignored: return page(scan, of: nil, now: now)
        case .refused: return refusal(now)
        case .broken: return .page(500, "Internal Server Error")
        }
    }

    func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && dice.unit(salt, asked) < rate }

    /// Whether that day holds nothing now, because a fault says so.
    func isEmptied(_ source: Source, _ date: LocalDate, now: Int64) -> Bool {
        if faults.emptyDays.isEmpty, faults.lateDays.isEmpty { return false }
        let text = date.description
        if faults.emptyDays.contains(text) { return true }
        guard let days = faults.lateDays[text] else { return false }
        return now < late.first(source, text, now: now) + Int64(days) * 86_400
    }

    func index(of node: String) -> Int? { indexes[node] }
}

/// When the days that come late were first asked for.
private struct LateDays {
    private struct Day: Hashable {
        let source: Source
        let date: String
    }

    private var asked: [Day: Int64] = [:]

    mutating func first(_ source: Source, _ date: String, now: Int64) -> Int64 {
        let day = Day(source: source, date: date)
        let first = asked[day] ?? now
        asked[day] = first
        return first
    }

    /// A day that was taken off the list and comes back begins anew.
    mutating func removeUnlisted(_ days: [String: Int]) { asked = asked.filter { days[$0.key.date] != nil } }
}
