internal import Bytes

/// A question, understood.
struct MetricsQuery {
    /// 400, and why.
    struct Refused: Error {
        let text: String
    }

    let grain: MetricsService.Path
    /// Of those asked for that there are, rising; of all where nobody was named.
    let accounts: [Int]
    /// Accounts were named.
    let isNarrow: Bool
    /// Since 1970, in the order asked.
    var days: [Int] = []
    var hours = Books.wholeDay
    let limit: Int
    let skip: Int
    let wantsTotal: Bool
    static let greatestLimit = 1_000

    init(_ grain: MetricsService.Path, _ question: Question, _ books: Books) throws(Refused) {
        let faults = books.faults
        self.grain = grain
        limit = min(MetricsQuery.greatestLimit, try MetricsQuery.count(question, "limit", from: 1) ?? 100)
        skip = try MetricsQuery.count(question, "skip", from: 0) ?? 0
        wantsTotal = question["include-total"] == "1"
        let ids = MetricsQuery.list(question, "accountIds"), logins = MetricsQuery.list(question, "logins")
        if let most = faults.maxAccountIds, ids?.count ?? 0 > most { throw Refused(text: "at most \(most) accountIds") }
        if let bad = ids?.first(where: { faults.poison.contains(String($0)) }) { throw Refused(text: "accountIds: \(bad) is not accepted") }
        isNarrow = ids != nil || logins != nil
        var named = ids.map { Set($0.compactMap { books.account(id: $0)?.number }) }
        if let logins {
            let those = Set(logins.compactMap { books.account(login: $0)?.number })
            named = named?.intersection(those) ?? those
        }
        accounts = named?.sorted() ?? Array(books.accounts.indices)
        if grain == .alltime { return }
        for text in MetricsQuery.list(question, "dates") ?? [] {
            guard let day = MetricsQuery.day(text) else { throw Refused(text: "dates: YYYYMMDD, separated by commas") }
            if !days.contains(day) { days.append(day) }
        }
        if days.isEmpty { throw Refused(text: "dates: at least one is required") }
        if grain == .daily { return }
        if let most = faults.maxHourlyDates, days.count > most { throw Refused(text: "at most \(most) dates") }
        guard let list = MetricsQuery.list(question, "hours") else { return }
        var asked: UInt32 = 0
        for text in list {
            guard let hour = UInt32(text), hour < 24 else { throw Refused(text: "hours: 0 to 23, separated by commas") }
            asked |= 1 << hour
        }
        if !faults.hoursIgnored { hours = asked }
    }

    /// What stands between the commas; nil where the parameter is not there or empty.
    private static func list(_ question: Question, _ name: String) -> [Substring]? {
        question[name]?.split(separator: ",")
    }

    private static func count(_ question: Question, _ name: String, from least: Int) throws(Refused) -> Int? {
        guard let text = question[name] else { return nil }
        guard let count = Int(text), count >= least else { throw Refused(text: "\(name): a whole number, \(least) or more") }
        return count
    }

    private static func day(_ text: Substring) -> Int? {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return LocalDate("\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))")?.daysSince1970
    }
}
