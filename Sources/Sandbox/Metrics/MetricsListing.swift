/// A place in a listing: whose record, of when.
struct MetricsRow {
    enum Kind {
        case own
        /// A test account's behind it, and one without an account id.
        case test, nameless
    }

    let account: Int
    let day: Int
    /// nil for a day's.
    var hour: Int?
    var kind = Kind.own
}

/// What a question selects at an instant, by date, account and hour.
struct MetricsListing {
    let query: MetricsQuery
    let books: Books
    let now: Int64

    /// Those from `skip` on, `query.limit` at most, and the count of all; where the total is not wanted, counting ends with the page.
    func page(skip: Int) -> (rows: [MetricsRow], total: Int) {
        var (rows, total): ([MetricsRow], Int) = ([], 0)
        let end = skip + query.limit
        /// False where nobody needs what follows.
        func take(_ row: @autoclosure () -> MetricsRow) {
            if total >= skip, total < end { rows.append(row()) }
            total += 1
        }
        let today = Int(now.floored(by: 86_400))
        for day in query.grain == .alltime ? [today] : query.days {
            for number in query.accounts {
                if total >= end, !query.wantsTotal { return (rows, total) }
                let account = books.accounts[number]
                switch query.grain {
                case .alltime: if account.life.lowerBound <= today { take(MetricsRow(account: number, day: day)) }
                case .daily:
                    if !books.servesDay(account, day, now: now) { continue }
                    take(MetricsRow(account: number, day: day))
                    if query.isNarrow { continue }
                    for kind in followers(number, day) { take(MetricsRow(account: number, day: day, kind: kind)) }
                case .hourly:
                    for hour in (books.served(account, day, now: now) & query.hours).bitPlaces {
                        take(MetricsRow(account: number, day: day, hour: hour))
                    }
                }
            }
        }
        return (rows, total)
    }

    /// What stands behind the record of an account's day and is no account's.
    private func followers(_ account: Int, _ day: Int) -> [MetricsRow.Kind] {
        func comes(_ rate: Double, _ salt: UInt64) -> Bool { rate > 0 && books.dice.unit(salt, Int64(account), Int64(day)) < rate }
        return (comes(books.faults.testAccountRate, 319) ? [.test] : []) + (comes(books.faults.namelessRate, 329) ? [.nameless] : [])
    }

    /// Up to three of accounts that were not asked for, beginning at `start`.
    func unasked(from start: Int) -> [MetricsRow] {
        let named = Set(query.accounts)
        var rows: [MetricsRow] = []
        let day = query.days.first ?? Int(now.floored(by: 86_400))
        for step in 0..<min(50, books.accounts.count) {
            let account = books.accounts[(start + step) % books.accounts.count]
            if named.contains(account.number) { continue }
            switch query.grain {
            case .alltime: if account.life.lowerBound <= day { rows.append(MetricsRow(account: account.number, day: day)) }
            case .daily: if books.servesDay(account, day, now: now) { rows.append(MetricsRow(account: account.number, day: day)) }
            case .hourly:
                for hour in books.served(account, day, now: now).bitPlaces {
                    rows.append(MetricsRow(account: account.number, day: day, hour: hour))
                }
            }
            if rows.count >= 3 { return Array(rows.prefix(3)) }
        }
        return rows
    }

    /// The records as JSON, separated by commas.
    func write(_ rows: [MetricsRow], to out: inout [UInt8]) {
        var last: AccountDay?
        for (place, row) in rows.enumerated() {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            var record: MetricsRecord
            if query.grain == .alltime {
                record = books.allTime(books.accounts[row.account], now: now)
            } else {
                let day: AccountDay
                if let last, last.account.number == row.account, last.day == row.day {
                    day = last
                } else {
                    day = books.day(books.accounts[row.account], row.day, now: now)
                    last = day
                }
                record = books.record(day, hour: row.hour, now: now)
            }
            let spelling = books.spelling(row)
            record.explode(spelling)
            switch row.kind {
            case .own: break
            case .test: record.becomeTest(row.account)
            case .nameless: record.becomeNameless()
            }
            record.append(to: &out, spelling)
        }
    }
}

extension Books {
    /// Of one hour, or of the day where none is named, as the service tells it.
    func record(_ day: AccountDay, hour: Int?, now: Int64) -> MetricsRecord {
        if let hour { return MetricsRecord.hour(day, hour, dice: dice) }
        let mistake = mistake(day.account, day.day, trades: day.total.trades, now: now)
        return MetricsRecord.day(day, mistake: mistake, dice: dice)
    }

    func spelling(_ row: MetricsRow) -> MetricsSpelling {
        MetricsSpelling(faults, dice, account: row.account, slot: row.hour.map { row.day * 24 + $0 } ?? row.day)
    }

    /// All of an account's time until now.
    func allTime(_ account: Account, now: Int64) -> MetricsRecord {
        let today = Int(now.floored(by: 86_400))
        var total = Figures()
        for past in account.life.clamped(to: 0..<today + 1) { total += day(account, past, now: now).total }
        let last = day(account, min(today, account.life.upperBound - 1), now: now)
        return MetricsRecord.allTime(account, total, prior: last.prior, balance: last.balance(after: 23), dice: dice)
    }
}
