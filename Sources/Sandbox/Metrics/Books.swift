/// The hidden truth of the imitated service, and of it what is out at an instant: who traded when, made from the seed where it is asked
/// for. Nothing is kept but the accounts and the hours that are withheld.
struct Books {
    let accounts: [Account]
    let dice: Dice
    let isDense: Bool
    private let byId: [String: Int]
    private let byLogin: [String: Int]
    /// By account and hour.
    private var withheld: Set<Int> = []
    static let wholeDay: UInt32 = 0xFF_FFFF

    /// Those that say what is out, and when.
    var faults: Sandbox.MetricsFaults {
        didSet { if faults.withheld != oldValue.withheld { withheld = chosen(faults.withheld) } }
    }

    init(seed: UInt64, _ configuration: Sandbox.MetricsConfiguration, faults: Sandbox.MetricsFaults) {
        let dice = Dice(seed: seed)
        self.dice = dice
        self.faults = faults
        isDense = configuration.isDense
        let begin = Int(configuration.begin.floored(by: 86_400))
        accounts = (0..<configuration.accounts).map { Account($0, dice: dice, begin: begin, isSteady: configuration.isSteady) }
        byId = Dictionary(uniqueKeysWithValues: accounts.map { (String($0.id), $0.number) })
        byLogin = Dictionary(uniqueKeysWithValues: accounts.map { ($0.login, $0.number) })
        withheld = chosen(faults.withheld)
    }

    func account(id: some StringProtocol) -> Account? { byId[String(id)].map { accounts[$0] } }
    func account(login: some StringProtocol) -> Account? { byLogin[String(login)].map { accounts[$0] } }

    // MARK: Truth

    /// The hours of a day with trades, a bit each, whether they have ended or not.
    func traded(_ account: Account, _ day: Int) -> UInt32 {
        guard account.life.contains(day) else { return 0 }
        let (place, bits) = (Int64(account.number), dice.bits(310, Int64(account.number), Int64(day)))
        // 1970 began on a Thursday.
        let isWeekend = [2, 3].contains(day % 7)
        if Double(bits >> 40) * 0x1p-24 >= account.activity * (isWeekend ? 0.15 : 1) { return 0 }
        let hours = account.window & UInt32(truncatingIfNeeded: dice.bits(311, place, Int64(day)))
        return hours != 0 ? hours : 1 << UInt32(account.window.trailingZeroBitCount)
    }

    /// What was won or lost before any revision.
    func net(_ account: Account, _ day: Int) -> Int64 {
        traded(account, day).bitPlaces.reduce(0) { $0 + Figures(account, hour: day * 24 + $1, dice: dice).net }
    }

    /// At the day's begin: what the account started with and what the month brought since. What a month won is paid out at its end, what
    /// it lost is made good.
    func balance(_ account: Account, before day: Int) -> Int64 {
        let first = max(account.life.lowerBound, Month(day).first)
        return account.startingBalance + (min(first, day)..<day).reduce(0) { $0 + net(account, $1) }
    }

    // MARK: What is out

    /// The hours of a day that have ended.
    func ended(_ day: Int, now: Int64) -> UInt32 {
        let hours = (now - Int64(day) * 86_400).floored(by: 3_600)
        return hours >= 24 ? Books.wholeDay : hours <= 0 ? 0 : 1 << UInt32(hours) - 1
    }

    /// The hours that have ended and have a row, out or not.
    func due(_ account: Account, _ day: Int, now: Int64) -> UInt32 {
        guard account.life.contains(day) else { return 0 }
        return (isDense ? Books.wholeDay : traded(account, day)) & ended(day, now: now)
    }

    /// The hours whose row the service answers with.
    func served(_ account: Account, _ day: Int, now: Int64) -> UInt32 {
        var hours = due(account, day, now: now - Int64(faults.hourLagMinutes) * 60)
        if hours == 0 { return 0 }
        let late = faults.lateHours.flatMap { $0.isOver(day: day, now: now) ? nil : $0 }
        let kept = faults.withheld.map { $0.days.contains(day) && $0.until.map { now < $0 } ?? true } ?? false
        if late == nil, !kept { return hours }
        for hour in (hours & traded(account, day)).bitPlaces {
            let isLate = late.map { dice.unit(312, Int64(account.number), Int64(day * 24 + hour)) < $0.rate } ?? false
            if isLate || kept && withheld.contains(Books.place(account, day * 24 + hour)) { hours &= ~(1 << UInt32(hour)) }
        }
        return hours
    }

    /// Whether the day has a row at `now`, out or not.
    func hasDay(_ account: Account, _ day: Int, now: Int64) -> Bool { account.life.contains(day) && Int64(day) * 86_400 <= now }

    func servesDay(_ account: Account, _ day: Int, now: Int64) -> Bool {
        guard hasDay(account, day, now: now) else { return false }
        guard let late = faults.lateDailyRows, !late.isOver(day: day, now: now) else { return true }
        return dice.unit(313, Int64(account.number), Int64(day)) >= late.rate
    }

    /// How many trades more than there were the day's row tells; less than nothing is too few.
    func mistake(_ account: Account, _ day: Int, trades: Int, now: Int64) -> Int {
        guard let wrong = faults.wrongDailyTrades, !wrong.isOver(day: day, now: now) else { return 0 }
        let (place, day) = (Int64(account.number), Int64(day))
        if dice.unit(314, place, day) >= wrong.rate { return 0 }
        let size = 1 + dice.pick(3, 315, place, day)
        return dice.pick(2, 316, place, day) == 0 && trades >= size ? -size : size
    }

    /// What the hours of a day come to, in the edition of `now`.
    func day(_ account: Account, _ day: Int, now: Int64) -> AccountDay {
        let isRevised = faults.revised.map { $0.end(day: day).map { now >= $0 } ?? true } ?? false
        var figures = Array(repeating: Figures(), count: 24), nets = Array(repeating: Int64(0), count: 24)
        for hour in (traded(account, day) & ended(day, now: now)).bitPlaces {
            let first = Figures(account, hour: day * 24 + hour, dice: dice)
            nets[hour] = first.net
            let changes = isRevised && dice.unit(317, Int64(account.number), Int64(day * 24 + hour)) < (faults.revised?.rate ?? 0)
            figures[hour] = changes ? first.revised(account) : first
        }
        return AccountDay(account: account, day: day, prior: balance(account, before: day), hours: figures, nets: nets)
    }

    // MARK: Hours kept back

    private static func place(_ account: Account, _ hour: Int) -> Int { account.number << 32 | hour }

    /// Those of the range with the lowest numbers by the dice.
    private func chosen(_ withheld: Sandbox.MetricsFaults.Withheld?) -> Set<Int> {
        guard let withheld else { return [] }
        var all: [(lot: UInt64, place: Int)] = []
        for account in accounts {
            for day in withheld.days.clamped(to: account.life) {
                for hour in traded(account, day).bitPlaces {
                    let hour = day * 24 + hour
                    all.append((dice.bits(318, Int64(account.number), Int64(hour)), Books.place(account, hour)))
                }
            }
        }
        all.sort { $0.lot < $1.lot }
        return Set(all.prefix(withheld.hours).map(\.place))
    }
}

/// An account's day, hour by hour as far as they have ended; an hour without trades is all zeros.
struct AccountDay {
    let account: Account
    let day: Int
    /// The balance at the day's begin, in cents.
    let prior: Int64
    let hours: [Figures]
    /// What each hour brought before any revision: balances stand by it, so that one revised record changes no other.
    let nets: [Int64]

    var total: Figures { hours.reduce(into: Figures()) { $0 += $1 } }

    /// When that hour had ended.
    func balance(after hour: Int) -> Int64 { nets[...hour].reduce(prior, +) }
}

extension UInt32 {
    /// Which bits are set, from the lowest.
    var bitPlaces: BitPlaces { BitPlaces(bits: self) }
}

struct BitPlaces: Sequence, IteratorProtocol {
    var bits: UInt32

    mutating func next() -> Int? {
        if bits == 0 { return nil }
        defer { bits &= bits - 1 }
        return bits.trailingZeroBitCount
    }
}
