/// An account of the imitated service: what does not change from day to day. It follows from the seed and its number alone.
struct Account: Sendable {
    /// Its place among all.
    let number: Int
    /// Six digits, rising with the number, not one after the other.
    let id: Int
    /// Days since 1970 on which it has a daily row.
    let life: Range<Int>
    let login: String
    let trader: String
    /// Of `plans`.
    let plan: Int
    let country: Int
    /// 1, 2 or 3; phase 1 to 4; type 1 or 2; broker 1 to 5; mt_version 4 or 5.
    let status: Int
    let phase: Int
    let type: Int
    let broker: Int
    let version: Int
    /// Of its days in the week, the share on which it trades.
    let activity: Double
    /// Hours of the day in which it may trade, a bit each.
    let window: UInt32

    static let plans: [(name: String, cents: Int64)] = [
        ("plan-5k", 500_000), ("plan-10k", 1_000_000), ("plan-25k", 2_500_000), ("plan-50k", 5_000_000), ("plan-100k", 10_000_000),
        ("plan-200k", 20_000_000),
    ]
    static let countries = ["CL", "US", "GB", "DE", "NG", "IN", "BR", "ZA", "FR", "VN", "KE", "ES"]
    /// A life without an end.
    static let endless = 3_000_000
    static let first = 100_000
    private static let gap = 9

    /// Cents.
    var startingBalance: Int64 { Account.plans[plan].cents }

    init(_ number: Int, dice: Dice, begin: Int, isSteady: Bool) {
        let place = Int64(number)
        self.number = number
        id = Account.first + number * Account.gap + dice.pick(Account.gap, 300, place)
        life = isSteady ? begin..<Account.endless : Account.life(place, dice, begin)
        let bits = dice.bits(305, place)
        login = "\(70_000_000 + number * 37 + Int(bits & 31))"
        trader = "T-\(1_000 + number / 2)"
        func choice(_ count: Int, _ shift: UInt64) -> Int { Int(((bits >> shift & 0xFF) * UInt64(count)) >> 8) }
        plan = choice(Account.plans.count, 8)
        country = choice(Account.countries.count, 16)
        status = 1 + choice(3, 24)
        phase = 1 + choice(4, 32)
        type = 1 + choice(2, 40)
        broker = 1 + choice(5, 48)
        version = 4 + choice(2, 56)
        activity = 0.15 + 0.8 * dice.unit(306, place)
        let (start, length) = (dice.pick(24, 307, place), 5 + dice.pick(10, 308, place))
        window = (0..<length).reduce(0) { $0 | 1 << UInt32((start + $1) % 24) }
    }

    /// Seven in ten are there from the begin on, the others come within two years; one in six ends after at most 400 days.
    private static func life(_ place: Int64, _ dice: Dice, _ begin: Int) -> Range<Int> {
        let created = begin + (dice.unit(301, place) < 0.7 ? 0 : 1 + dice.pick(dice.pick(2, 302, place) == 0 ? 90 : 730, 303, place))
        return created..<(dice.unit(304, place) < 0.16 ? created + 1 + dice.pick(400, 309, place) : endless)
    }
}
