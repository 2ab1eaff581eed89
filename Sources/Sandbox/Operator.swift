internal import Bytes

/// The operator's marginal-cost service of source `online`, from question to answer. Knows nothing of sockets. Not
/// `Sendable`: lives on the sandbox's loop.
final class Operator {
    static let path = "/costo-marginal-online/v4/findByDate"

    let configuration: Sandbox.Configuration
    let market: any Market
    let zone: Zone
    let clock: Clock
    var faults: Sandbox.Faults
    let publication: Publication
    private let dice: Dice
    private let indexes: [String: Int]
    private var tables: [DayTable] = []
    private var quotas: [String: Quota] = [:]
    private var asked: Int64 = 0

    init(_ configuration: Sandbox.Configuration) throws {
        self.configuration = configuration
        zone = try Zone.load("America/Santiago")
        market = if let directory = configuration.recording {
            try Recording(directory: directory, zone: zone)
        } else {
            GeneratedMarket(seed: configuration.seed, buses: configuration.buses, zone: zone)
        }
        clock = Clock(start: configuration.clockStart, speed: configuration.clockSpeed)
        faults = configuration.faults
        dice = Dice(seed: configuration.seed)
        publication = Publication(dice: dice)
        indexes = Dictionary(market.buses.enumerated().map { ($1.node, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func answer(_ question: Question) -> Answer {
        guard question.path == Operator.path else { return .plain(404, "No Mapping Rule matched") }
        guard let key = question["user_key"] else { return .plain(403, "Authentication parameters missing") }
        guard configuration.keys.isEmpty || configuration.keys.contains(key) else { return .plain(403, "Authentication failed") }
        asked += 1
        let now = clock.now
        guard quotas[key, default: Quota()].take(faults.throttlePerHour ?? configuration.quota, now: now) else { return refusal() }
        if happens(faults.error502Rate, 60) { return .page(502, "Bad Gateway") }
        if happens(faults.error500Rate, 61) { return .page(500, "Internal Server Error") }
        guard let scan = Scan(question, configuration) else {
            return Answer(status: 400, body: Array(#"{"message":"startDate and endDate are required (YYYY-MM-DD)"}"#.utf8))
        }
        // Beyond these the service gives up instead of saying so.
        if scan.limit > 100_000 { return .page(504, "Gateway Time-out") }
        let isLost = scan.days.count > 31 || scan.days.contains { faults.lostDays.contains($0.description) }
        if isLost || scan.limit > faults.limitCeiling(.online) { return .page(502, "Bad Gateway") }
        var answer = scan.bus == nil ? page(scan, of: nil, now: now) : filtered(scan, now: now)
        if answer.status == 200 {
            if let note = market.note { answer.fields.append(("Gapless-Sandbox", note)) }
            answer.isCut = happens(faults.cutBodyRate, 62)
        }
        return answer
    }

    private func refusal() -> Answer {
        var answer = Answer.plain(429, "Limits exceeded")
        if case .seconds(let seconds)? = faults.retryAfter { answer.fields.append(("Retry-After", "\(seconds)")) }
        return answer
    }

    private func filtered(_ scan: Scan, now: Int64) -> Answer {
        switch faults.filter {
        case .works: page(scan, of: scan.bus.map { indexes[$0] ?? -1 }, now: now)
        case .ignored: page(scan, of: nil, now: now)
        case .refused: refusal()
        case .broken: .page(500, "Internal Server Error")
        }
    }

    private func happens(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && dice.unit(salt, asked) < rate }

    // MARK: Rows

    /// `bus`: an index, -1 for one that is not there, nil for all.
    private func page(_ scan: Scan, of bus: Int?, now: Int64) -> Answer {
        var first = scan.page
        if bus == nil {
            switch faults.pageBase(.online) {
            case .both: first = max(0, scan.page - 1)
            case .zero: break
            case .one where scan.page == 0: return .page(502, "Bad Gateway")
            case .one: first = scan.page - 1
            }
        }
        if happens(faults.emptyPageRate, 63) { return envelope(scan, [], total: nil) }
        let visible = scan.days.map { day in rows(of: day, bus: bus, now: now) }
        let total = visible.reduce(0) { $0 + $1.count }
        let pages = (total + scan.limit - 1) / scan.limit
        let (start, overflow) = first.multipliedReportingOverflow(by: scan.limit)
        guard !overflow, start < total else { return envelope(scan, [], total: pages) }
        // A shift of the whole order doubles some rows for a scan and loses as many, and leaves every count as it was.
        let shift = happens(faults.duplicateAndOmit, 64) ? 1 + dice.pick(max(1, total / 4), 65, asked) : 0
        var picked = (start..<min(total, start + scan.limit)).map { Operator.row(($0 + shift) % total, in: visible) }
        if happens(faults.shortPageRate, 66) { picked.removeLast((picked.count + 1) / 2) }
        return envelope(scan, picked, total: pages)
    }

    /// A day's published rows. A whole day is not copied: it may be large and a page is small.
    private enum Published {
        case whole(DayTable)
        case some([(DeliveredDay.Quarter, Row)])

        var count: Int {
            switch self {
            case .whole(let table): table.rows.count
            case .some(let rows): rows.count
            }
        }
    }

    private static func row(_ index: Int, in days: [Published]) -> (DeliveredDay.Quarter, Row) {
        var index = index
        var day = 0
        while index >= days[day].count {
            index -= days[day].count
            day += 1
        }
        switch days[day] {
        case .whole(let table): return (table.day.quarters[Int(table.rows[index].quarter)], table.rows[index])
        case .some(let rows): return rows[index]
        }
    }

    /// What is published of a day, in its order; of one bus in the order of time.
    private func rows(of date: LocalDate, bus: Int?, now: Int64) -> Published {
        let today = zone.day(at: now)
        guard date <= today, faults.windowDays.map({ date >= today.advanced(by: -$0) }) ?? true, bus != -1 else { return .some([]) }
        if let bus {
            let day = DeliveredDay(date, in: zone)
            return .some(day.quarters.indices.compactMap { index in
                guard isPublished(bus: bus, day.quarters[index], now: now) else { return nil }
                guard let row = DayTable.row(market, bus, index, day) else { return nil }
                return (day.quarters[index], row)
            })
        }
        let table = table(of: date)
        let quarters = table.day.quarters
        if let last = quarters.last, publication.opens(last.instant) + Publication.spread <= now {
            return .whole(table)
        }
        return .some(table.rows.compactMap { row in
            let quarter = quarters[Int(row.quarter)]
            return isPublished(bus: Int(row.bus), quarter, now: now) ? (quarter, row) : nil
        })
    }

    func isPublished(bus: Int, _ quarter: DeliveredDay.Quarter, now: Int64) -> Bool {
        if quarter.instant + Publication.longest <= now { return true }
        let opens = publication.opens(quarter.instant)
        return opens <= now && publication.appears(bus: bus, quarter: quarter.instant, opens: opens) <= now
    }

    /// Kept for the days last asked for, to about a million rows.
    private func table(of date: LocalDate) -> DayTable {
        if let at = tables.firstIndex(where: { $0.day.date == date }) { return tables[at] }
        let table = DayTable(date, of: market, dice: dice, zone: zone)
        while !tables.isEmpty, tables.reduce(table.rows.count, { $0 + $1.rows.count }) > 1_000_000 { tables.removeFirst() }
        tables.append(table)
        return table
    }

    func index(of node: String) -> Int? { indexes[node] }
}
