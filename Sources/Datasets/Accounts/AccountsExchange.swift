internal import Series

/// A call to the metrics API: the hours or the day of some accounts, or one day of all of them.
///
/// A batch is one listing. One that is refused as a bad request (too many accounts, too long an address, an account that the upstream
/// chokes on) is asked for in halves, down to single accounts; so is one whose answer is too long. What the plan pays for is what would be
/// asked if nothing went wrong and the upstream counted its records; all else carries `attempt > 0`.
///
/// - records of accounts or dates that were not asked for, of nobody, and of test accounts are dropped and counted;
/// - where they fill most of a page and the listing has more pages, the filter does nothing, and the shape is unusable;
/// - an account that is refused by itself leaves its slots missing, and what silence says of the others holds;
/// - a refused record leaves its slot missing; one that does not tell its slot leaves the call unproved, for it is there;
/// - a refused record of a roster is told with the account's own series, whose day it leaves missing;
/// - a roster gives out the row that stands for itself only at a proved end, and the rows of accounts as rows found.
struct AccountsExchange: Exchange {
    private let quest: AccountsQuest
    private let requestsMax: Int
    private var listings: [Int: AccountsListing] = [:]
    private var listed = 0
    private var outstanding: [UpstreamRequest: Int] = [:]
    /// Accounts of batches that were taken, and of those that were not.
    private var taken: [Int] = []
    private var refused: [Int] = []
    /// Accounts that were refused by themselves.
    private var unanswered: [String] = []
    private var shortfalls: [String] = []
    private var unplaced = 0
    private var refusedFound = 0
    /// Of a roster: accounts, and their trades in all.
    private var accounts = 0
    private var trades: Int64 = 0
    private var records = 0
    private var isOver = false

    init(_ quest: AccountsQuest, requestsMax: Int = .max) {
        self.quest = quest
        self.requestsMax = requestsMax
    }

    mutating func start() -> [UpstreamRequest] {
        if quest.shape == .roster { return [begin(AccountsListing(accounts: nil))] }
        // A call that was planned before it was known how many accounts are taken at once is parted before it is refused.
        return stride(from: 0, to: quest.accounts.count, by: quest.batch).map { from in
            let some = quest.accounts[from..<min(from + quest.batch, quest.accounts.count)]
            return begin(AccountsListing(accounts: Array(some), isAgain: from > 0))
        }
    }

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        let page = try AccountsAnswer(answer.body)
        let records = page.records.map { AccountsRecord($0, quest.grain) }
        if !records.isEmpty, records.allSatisfy(\.isUnnamed) {
            throw AnswerDefect(.malformed, "no record of the page names its account")
        }
        guard !isOver, let id = outstanding.removeValue(forKey: request), var listing = listings[id] else { return Step() }
        let isFirst = !listing.isHeard
        if isFirst, let costlier = costlier(page) { return end(Step(), costlier) }
        if let flaw = unfiltered(page, records, listing) { return end(Step(), .shapeUnusable(flaw)) }
        let next = listing.take(page, records)
        listings[id] = listing
        switch next {
        case .page:
            var step = Step()
            step.requests = [ask(id, listing)]
            return step
        case .whole:
            taken.append(listing.accounts?.count ?? 0)
            return close(id, listing.records(whole: true))
        case .lost(let why):
            shortfalls.append(why)
            return close(id, listing.records(whole: false))
        }
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        guard !isOver, let id = outstanding.removeValue(forKey: request), let listing = listings[id] else { return Step() }
        var step = Step()
        switch cause {
        case .throttled where request.isDoubtful:
            // A doubtful request is given up early: this one waits for the quota like any other.
            let patient = ask(id, listing, isDoubtful: false)
            step.requests = [patient]
            return step
        case .badRequest, .tooLarge:
            guard let accounts = listing.accounts, !listing.isHeard else { break }
            refused.append(accounts.count)
            if accounts.count == 1 {
                unanswered += accounts
                return close(id, [])
            }
            listings[id] = nil
            let middle = (accounts.count + 1) / 2
            step.requests = [accounts[..<middle], accounts[middle...]].map { begin(AccountsListing(accounts: Array($0), isAgain: true)) }
            return step
        default: break
        }
        shortfalls.append("a page of the listing did not come")
        return close(id, listing.records(whole: false))
    }

    // MARK: Requests

    private mutating func begin(_ listing: AccountsListing) -> UpstreamRequest {
        listed += 1
        listings[listed] = listing
        return ask(listed, listing)
    }

    private mutating func ask(_ id: Int, _ listing: AccountsListing, isDoubtful: Bool? = nil) -> UpstreamRequest {
        let isDoubtful = isDoubtful ?? (listing.accounts != nil && !listing.isHeard)
        let isExtra = listing.isAgain || listing.isBeyond
        let isPatient = listing.accounts != nil && !isDoubtful && !listing.isHeard
        let again = (isExtra ? 1 : 0) + (listing.pass - 1) + (isPatient ? 1 : 0)
        let request = quest.request(of: listing.accounts, skip: listing.skip, attempt: again, isDoubtful: isDoubtful)
        outstanding[request] = id
        return request
    }

    /// Told by the first answer: a plan that pays for less is made anew before more is spent.
    private func costlier(_ page: AccountsAnswer) -> CallEnd? {
        guard quest.shape == .roster, let total = page.total else { return nil }
        let pages = Accounts.pages(of: total)
        if pages <= requestsMax { return nil }
        let needs = Step.Needs(requests: pages, pageRows: Accounts.pageRows)
        return .costlier(needs, "the upstream lists \(total) records, for \(pages) requests; planned were \(requestsMax)")
    }

    private func unfiltered(_ page: AccountsAnswer, _ records: [AccountsRecord], _ listing: AccountsListing) -> String? {
        let isMore = page.total.map { $0 > listing.skip + records.count } ?? (records.count >= Accounts.pageRows)
        guard isMore else { return nil }
        let strangers = records.count { $0.account != nil && $0.day != nil && !quest.isAskedFor($0) }
        if strangers * 2 <= records.count { return nil }
        return "the filter by account and date is not honoured: \(strangers) of \(records.count) records were not asked for"
    }

    // MARK: Ends

    /// A listing has ended: what came of it is given out; the call ends with the last of them.
    private mutating func close(_ id: Int, _ records: [AccountsRecord]) -> Step {
        var step = Step()
        for record in records { give(record, &step) }
        self.records += records.count
        listings[id] = nil
        if !listings.isEmpty { return step }
        let verdict = verdict
        if case .proved = verdict, quest.shape == .roster { step.rows.append(rosterRow) }
        step.needs = needs
        if isSureOfOthers {
            step.witnessed = quest.day..<quest.day + 1
            step.unanswered = Set(unanswered.compactMap(quest.place))
        }
        return end(step, verdict)
    }

    private mutating func end(_ step: Step, _ end: CallEnd) -> Step {
        isOver = true
        var step = step
        step.end = end
        return step
    }

    private mutating func give(_ record: AccountsRecord, _ step: inout Step) {
        if record.isNobodys || (record.account != nil && record.day != nil && !quest.isAskedFor(record)) {
            step.dropped += 1
            return
        }
        let time = record.time(quest.grain)
        let place = record.account.flatMap(quest.place)
        if let flaw = record.flaw {
            // A record of a stranger whose date cannot be read was not asked for either.
            if record.account != nil, quest.shape != .roster, place == nil {
                step.dropped += 1
                return
            }
            let found = quest.shape == .roster ? record.account.map { SeriesKey([$0, Accounts.Grain.day.rawValue]) } : nil
            if found != nil { refusedFound += 1 }
            // Of what is refused beyond the bound nothing is kept by which a series would be made.
            if place == nil && found == nil || time == nil || refusedFound > Refusals.keptMax { unplaced += 1 }
            let text = String(decoding: record.text.prefix(QuarantinedRecord.bytesMax + 1), as: UTF8.self)
            step.quarantined.append(QuarantinedRecord(reason: flaw, record: text, series: place, time: time, found: found))
            return
        }
        guard let account = record.account, let time else { return }
        if let place {
            step.rows.append(Row(series: place, time: time, values: record.values))
        } else {
            accounts += 1
            // A sum beyond 64 bits is no sum of trades; the largest stands for it.
            trades = trades.addingReportingOverflow(record.trades).overflow ? .max : trades + record.trades
            step.found.append(FoundRow(key: SeriesKey([account, Accounts.Grain.day.rawValue]), time: time, values: record.values))
        }
    }

    private var isSureOfOthers: Bool {
        shortfalls.isEmpty && unplaced == 0 && !unanswered.isEmpty && unanswered.count < quest.accounts.count
    }

    private var verdict: CallEnd {
        if let first = shortfalls.first {
            return .unproved(shortfalls.count == 1 ? first : "\(first), and \(shortfalls.count - 1) more listings failed")
        }
        if unplaced > 0 { return .unproved("\(unplaced) records could not be read") }
        if let first = unanswered.first {
            let others = unanswered.count > 1 ? " and \(unanswered.count - 1) more" : ""
            return .unproved("the upstream refuses to answer for account \(first)\(others)")
        }
        return .proved("all \(records) records of the listing were seen")
    }

    /// A batch that was refused and taken in parts says how many accounts are not too many: where all that were refused were larger than
    /// all that were taken. Else it was one of the accounts.
    private var needs: Step.Needs? {
        if quest.shape == .roster {
            return shortfalls.isEmpty ? Step.Needs(requests: Accounts.pages(of: records), pageRows: Accounts.pageRows) : nil
        }
        guard shortfalls.isEmpty, unanswered.isEmpty, let least = refused.min(), let most = taken.max(), least > most else { return nil }
        return Step.Needs(requests: 1, pageRows: most)
    }

    /// All accounts together: how many there are, and their trades.
    private var rosterRow: Row {
        var values = Array(repeating: Value.null, count: Accounts.dayTyped.count + 1)
        values[Accounts.tradesColumn] = .integer(trades)
        values[values.count - 1] = .text("{\"accounts\": \(accounts)}")
        return Row(series: 0, time: Int64(quest.day) * Accounts.daySeconds, values: values)
    }
}
