internal import Bytes

/// What a client should hold, one JSON object a line.
extension MetricsService {
    /// What became of an hour or a day.
    enum Fate: String, CaseIterable {
        /// The service answers with this record.
        case served
        /// It is there and is kept back: late, or withheld.
        case withheld
        /// It is answered with another number of trades than its hours have.
        case unsettled
        /// Nobody traded in the hour, and there is no row of it.
        case empty = "no_trade"
    }

    private enum Kind: String { case accounts, days, hours }

    func truth(_ question: Question) -> Answer {
        guard let kind = Kind(rawValue: question["kind"] ?? "hours") else { return .plain(400, "kind is accounts, days or hours") }
        var accounts = books.accounts
        if let id = question["account_id"] {
            guard let only = books.account(id: id) else { return .plain(404, "no such account") }
            accounts = [only]
        }
        if kind == .accounts { return lines(accountsTruth(accounts)) }
        guard let from = question["from"].flatMap(Instant.parse), let to = question["to"].flatMap(Instant.parse), from <= to else {
            return .plain(400, "from and to are required: a day, seconds since 1970, or RFC 3339 with an offset")
        }
        let only = question["fate"].flatMap(Fate.init)
        if question["fate"] != nil, only == nil { return .plain(400, "fate is one of \(Fate.allCases.map(\.rawValue))") }
        let end = min(to, clock.now)
        let step: Int64 = kind == .days ? 86_400 : 3_600
        if Double(accounts.count) * Double(max(0, end - from) / step) > 3_000_000 {
            return .plain(400, "that would be more than 3,000,000 lines")
        }
        let teller = MetricsTeller(books: books, now: clock.now, only: only, isBrief: question["brief"] == "1")
        return lines(kind == .days ? teller.days(accounts, from, end) : teller.hours(accounts, from, end))
    }

    private func lines(_ text: [UInt8]) -> Answer { Answer(status: 200, type: "application/x-ndjson", body: text) }

    private func accountsTruth(_ accounts: [Account]) -> [UInt8] {
        let today = Int(clock.now.floored(by: 86_400))
        var out = JSONWriter(capacity: 4_096)
        for account in accounts where account.life.lowerBound <= today {
            out.beginObject()
            out.member("account_id") { $0.string(String(account.id)) }
            out.member("login") { $0.string(account.login) }
            out.member("created") { $0.string(LocalDate(daysSince1970: account.life.lowerBound).description) }
            out.member("closed") { out in
                if account.life.upperBound > today { return out.null() }
                out.string(LocalDate(daysSince1970: account.life.upperBound).description)
            }
            out.member("plan_id") { $0.string(Account.plans[account.plan].name) }
            out.member("trader") { $0.string(account.trader) }
            out.endObject()
            out.endLine()
        }
        return out.bytes
    }
}

/// Writes the lines of days and hours.
struct MetricsTeller {
    let books: Books
    let now: Int64
    /// Those of this fate alone.
    let only: MetricsService.Fate?
    /// Without all of the record.
    let isBrief: Bool

    /// Days that begin in the time.
    func days(_ accounts: [Account], _ from: Int64, _ to: Int64) -> [UInt8] {
        var out = JSONWriter(capacity: 65_536)
        let first = Int((from + 86_399).floored(by: 86_400)), days = first..<max(first, Int((to + 86_399).floored(by: 86_400)))
        for account in accounts {
            for day in days.clamped(to: account.life) where books.hasDay(account, day, now: now) {
                let figures = books.day(account, day, now: now)
                let isWrong = books.mistake(account, day, trades: figures.total.trades, now: now) != 0
                let fate: MetricsService.Fate = !books.servesDay(account, day, now: now) ? .withheld : isWrong ? .unsettled : .served
                tell(MetricsRow(account: account.number, day: day), fate, figures, to: &out)
            }
        }
        return out.bytes
    }

    /// Hours that begin in the time and have ended.
    func hours(_ accounts: [Account], _ from: Int64, _ to: Int64) -> [UInt8] {
        var out = JSONWriter(capacity: 65_536)
        guard from < to else { return [] }
        for account in accounts {
            for day in (Int(from.floored(by: 86_400))..<Int((to - 1).floored(by: 86_400)) + 1).clamped(to: account.life) {
                var figures: AccountDay?
                let due = books.due(account, day, now: now), served = books.served(account, day, now: now)
                let isTold = books.servesDay(account, day, now: now)
                for hour in books.ended(day, now: now).bitPlaces {
                    let (bit, time) = (UInt32(1) << UInt32(hour), Int64(day * 24 + hour) * 3_600)
                    if time < from || time >= to { continue }
                    let fate: MetricsService.Fate = served & bit != 0 ? .served : due & bit != 0 ? .withheld : .empty
                    if fate == .empty, !isTold { continue }
                    if let only, only != fate { continue }
                    if fate != .empty, figures == nil { figures = books.day(account, day, now: now) }
                    tell(MetricsRow(account: account.number, day: day, hour: hour), fate, fate == .empty ? nil : figures, to: &out)
                }
            }
        }
        return out.bytes
    }

    private func tell(_ row: MetricsRow, _ fate: MetricsService.Fate, _ day: AccountDay?, to out: inout JSONWriter) {
        if let only, only != fate { return }
        let spelling = books.spelling(row)
        var record = day.map { books.record($0, hour: row.hour, now: now) }
        record?.explode(spelling)
        out.beginObject()
        out.member("account_id") { $0.string(String(books.accounts[row.account].id)) }
        out.member("date") { $0.string(LocalDate(daysSince1970: row.day).description) }
        if let hour = row.hour { out.member("hour") { $0.int(hour) } }
        out.member("time") { $0.int(Int64(row.day) * 86_400 + Int64(row.hour ?? 0) * 3_600) }
        out.member("fate") { $0.string(fate.rawValue) }
        out.member("num_trades") { $0.text(record?["numTrades"]) }
        out.member("net_profit") { $0.text(record?["netProfit"]) }
        if row.hour == nil { out.member("hour_trades") { $0.string(String(day?.total.trades ?? 0)) } }
        out.member("odd") { out in
            if let odd = spelling.odd, record != nil { out.string(odd.name) } else { out.null() }
        }
        if !isBrief {
            out.member("metrics") { out in
                guard let record else { return out.null() }
                out.beginObject()
                for member in record.members { out.member(member.name.description) { $0.text(member.value) } }
                out.endObject()
            }
        }
        out.endObject()
        out.endLine()
    }
}

extension JSONWriter {
    fileprivate mutating func text(_ value: MetricsValue?) {
        if let text = value?.text { string(text) } else { null() }
    }
}
