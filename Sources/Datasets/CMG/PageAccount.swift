/// Which pages of a listing came, and whether they are all of it. Knows pages and counts, not what is on them.
///
/// Trusted is nothing but arithmetic, because this upstream's pages are known to be empty or short in the middle, to repeat records
/// and leave others out, to become more while they are read, to begin at 0 or at 1, and to be smaller than asked for. What the pages
/// add up to is at last asked for in another way (`end`): as the number of pages of one record.
struct PageAccount {
    /// What is known of one page.
    struct Reading {
        var asks = 0
        /// Of these, the ones for a page of another size.
        var asksBefore = 0
        /// Records on it when it was seen with the most.
        var records = 0
        /// How often it came empty by the upstream's word: with `totalPages`.
        var emptyByWord = 0
        var isGivenUp = false
    }

    /// An answer's part in this.
    struct Answer {
        let records: Int
        let page: Int?
        let limit: Int?
        let totalPages: Int?
    }

    /// Further tries for a page that came empty or short.
    static let triesMax = 3
    /// How often the size of pages may change under way.
    private static let renumberingsMax = 3
    static let endProbesMax = 4

    /// More than this is not what such a call is for.
    let pagesMax: Int
    /// Pages that may be asked for the first time.
    let requestsMax: Int
    /// The page that is asked for first, 0 or 1.
    private(set) var start: Int
    /// Records a page, as the upstream says it; as asked for, until it does.
    private(set) var limit: Int
    /// How many answers said so many pages.
    private var votes: [Int: Int] = [:]
    private(set) var readings: [Int: Reading] = [:]
    private var identities = IdentitySet()
    /// Records that do not say which they are: what came twice cannot be told any more.
    private(set) var unidentified = 0
    /// An answer with records did not say which page it is, or of how many records: proof needs both.
    private(set) var isUnechoed = false
    /// Something came at this size of pages.
    private(set) var isHeard = false
    private(set) var firstAsks = 0
    private var reasks = 0
    private var renumberings = 0

    private var endProbes = 0
    /// The end was found one page further on: the pages are counted from 1, though page 0 answers too.
    private var endShift = 0
    /// What the end was asked for: the records that the pages add up to.
    private(set) var confirmed: Int?
    /// The probe of the end said otherwise: the last page may have come short.
    private var isTailDoubted = false

    init(limit: Int, start: Int, pagesMax: Int, requestsMax: Int) {
        self.limit = limit
        self.start = start
        self.pagesMax = pagesMax
        self.requestsMax = requestsMax
    }

    /// Different records seen.
    var distinct: Int { identities.count }

    // MARK: Asking

    mutating func first() -> PageAsk { ask(start) }

    mutating func ask(_ page: Int) -> PageAsk {
        let attempt = readings[page, default: Reading()].asks
        readings[page, default: Reading()].asks += 1
        readings[page, default: Reading()].isGivenUp = false
        if attempt == 0 { firstAsks += 1 } else { reasks += 1 }
        return PageAsk(.page, page, limit: limit, attempt: attempt)
    }

    /// Nothing came at this size of pages: the same page again, smaller.
    mutating func stepDown(to size: Int, at page: Int) -> PageAsk {
        let tries = max(readings[page]?.asks ?? 0, 1)
        renumber(by: size, at: page, tries: tries)
        start = page
        return ask(page)
    }

    mutating func count(_ newIdentities: [UInt64], of records: Int) {
        identities.insert(newIdentities)
        unidentified += records - newIdentities.count
    }

    mutating func take(_ answer: Answer, to ask: PageAsk) {
        let size = answer.limit.flatMap { $0 > 0 ? $0 : nil } ?? ask.limit
        // A page of another size says nothing about pages of this one.
        guard ask.limit == limit || size == limit else { return }
        if size != limit {
            guard !isHeard || (size < limit && renumberings < Self.renumberingsMax) else { return }
            renumber(by: size, at: ask.page, tries: readings[ask.page]?.asks ?? 1)
            renumberings += 1
        }
        if let pages = answer.totalPages { votes[pages, default: 0] += 1 }
        if answer.records > 0, answer.page == nil || answer.limit == nil { isUnechoed = true }
        guard answer.page == nil || answer.page == ask.page else { return }
        var reading = readings[ask.page, default: Reading()]
        reading.records = max(reading.records, answer.records)
        if answer.totalPages != nil, answer.records == 0 { reading.emptyByWord += 1 }
        if answer.records > 0 || answer.totalPages != nil { isHeard = true }
        readings[ask.page] = reading
    }

    /// Pages of another size are other pages: what was noted of the old ones is void, the records themselves are not.
    private mutating func renumber(by size: Int, at page: Int, tries: Int) {
        limit = size
        readings = [page: Reading(asks: tries, asksBefore: tries)]
        votes = [:]
        isHeard = false
        // The pages read so far must not count against those to come.
        firstAsks = 1
        reasks = 0
    }

    mutating func giveUp(_ ask: PageAsk) {
        if ask.kind == .page, ask.limit == limit { readings[ask.page, default: Reading()].isGivenUp = true }
    }

    /// The answer to the question for the record behind the last one, on a page of one.
    mutating func takeEnd(_ answer: Answer, to ask: PageAsk) {
        guard answer.page == ask.page, answer.limit == 1, let pages = answer.totalPages, let sum else { return }
        // An upstream that counts an empty page at the end counts one here too.
        let isSaid = pages == sum || (pages == sum + 1 && isTailEmpty)
        if answer.records == 0, isSaid {
            confirmed = sum
        } else if answer.records > 0, pages == sum, base == 0, endShift == 0 {
            endShift = 1
        } else {
            isTailDoubted = true
        }
    }

    // MARK: What the pages say

    /// How many pages there are: the greatest number that a fair share of the answers gave. One answer alone may be wrong; while a listing
    /// grows, later answers say more.
    var total: Int? {
        let most = votes.values.max() ?? 0
        let fair = max(most >= 2 ? 2 : 1, most / 4)
        return votes.filter { $0.value >= fair }.keys.max()
    }

    /// The number of the first page, 0 or 1.
    ///
    /// It is 1 where a page of the number `total` holds records. Else it is 0 if page 0 holds any. Where page 0 is empty by the upstream's
    /// word, or was not to be had, it is 1 again.
    var base: Int {
        guard let total, total > 0 else { return start }
        if (readings[total]?.records ?? 0) > 0 { return 1 }
        let zero = readings[0] ?? Reading()
        if zero.records > 0 { return start == 0 || (readings[total]?.emptyByWord ?? 0) > 0 ? 0 : 1 }
        return start == 0 && zero.emptyByWord == 0 && !zero.isGivenUp ? 0 : 1
    }

    private var last: Int { base + max(total ?? 0, 1) - 1 }

    private var isTailEmpty: Bool { (readings[last]?.records ?? 0) == 0 }

    private func isFull(_ page: Int) -> Bool { (readings[page]?.records ?? 0) == limit }

    /// The records on all pages, where every page was seen, each but the last one full, and as many different records came as they hold.
    /// Fewer different ones mean that some came twice in the place of others.
    var sum: Int? {
        guard let total, !isUnechoed, unidentified == 0, total <= pagesMax else { return nil }
        if total == 0 { return distinct == 0 && (readings[start]?.emptyByWord ?? 0) > 0 ? 0 : nil }
        for page in base..<last where !isFull(page) { return nil }
        let tail = readings[last]?.records ?? 0
        // The last page may be empty for good: it has to say so twice.
        if tail == 0, total == 1 || (readings[last]?.emptyByWord ?? 0) < 2 { return nil }
        let sum = (total - 1) * limit + tail
        return tail <= limit && distinct == sum ? sum : nil
    }

    /// The pages add up, and the upstream's count of records is the same.
    var isProved: Bool { sum != nil && sum == confirmed }

    // MARK: What to ask next

    /// The pages to ask for now, when none is outstanding; none where asking on would not help.
    mutating func next() -> [PageAsk] {
        guard let total else { return canRetry(start) ? [ask(start)] : walk() }
        if total > pagesMax { return [] }
        let pages = base..<base + total
        var new = pages.filter { readings[$0] == nil }
        var again = pages.filter { readings[$0] != nil && isWeak($0) && canRetry($0) }
        if isTailDoubted {
            isTailDoubted = false
            if !again.contains(last), canRetry(last) { again.append(last) }
        }
        if seemsToBeginAtZero(total) {
            new = [0]
            again.removeAll { $0 >= total - 1 }
        }
        if new.isEmpty, again.isEmpty, let beyond = otherBase(total) { new.append(beyond) }
        if new.isEmpty, again.isEmpty { return end() }
        new = Array(new.prefix(max(0, requestsMax - firstAsks)))
        again = Array(again.prefix(max(0, total + 4 - reasks)))
        return (new + again).map { ask($0) }
    }

    /// Read from page 1 on, the last page is empty: the listing begins at page 0, and the one before it is the last, if it is short as
    /// a last page is, or if the upstream said so twice.
    private func seemsToBeginAtZero(_ total: Int) -> Bool {
        guard start == 1, total > 0, readings[0] == nil, let beyond = readings[total], beyond.records == 0 else { return false }
        return beyond.emptyByWord >= 2 || (beyond.emptyByWord == 1 && total > 1 && !isFull(total - 1))
    }

    /// The page that tells whether pages are counted from 0 or from 1, where that is still open and it matters.
    private func otherBase(_ total: Int) -> Int? {
        // One page, and it is there: whatever its number is.
        if total <= 1 || sum != nil || start == 1 { return nil }
        return readings[total] == nil ? total : nil
    }

    /// Nobody says how many pages there are: on and on while they hold records. That proves nothing, but brings what there is.
    private mutating func walk() -> [PageAsk] {
        var page = start
        while let reading = readings[page] {
            if reading.records == 0 { return [] }
            page += 1
        }
        let most = min(4, requestsMax - firstAsks, start + pagesMax - page)
        return most > 0 ? (page..<page + most).map { ask($0) } : []
    }

    /// The question for the record behind the last one, on a page of one: nothing may be there, and the pages must be as many as the
    /// records that came.
    private mutating func end() -> [PageAsk] {
        guard let sum, confirmed == nil, endProbes < Self.endProbesMax else { return [] }
        endProbes += 1
        return [PageAsk(.end, base + endShift + sum, limit: 1, attempt: endProbes)]
    }

    private func isWeak(_ page: Int) -> Bool {
        guard let reading = readings[page] else { return false }
        return page == last ? reading.records == 0 && reading.emptyByWord < 2 : reading.records < limit
    }

    private func canRetry(_ page: Int) -> Bool {
        guard let reading = readings[page] else { return true }
        return reading.asks - reading.asksBefore <= Self.triesMax && !reading.isGivenUp
    }
}

/// One question for a page.
struct PageAsk: Hashable {
    enum Kind: Hashable {
        case page
        /// For the record behind the last, on a page of one.
        case end
        /// For one day of several, filtered: whether it is the number of days that the upstream does not answer.
        case narrow
        /// For any one record of a day, without a filter: whether the upstream answers at all.
        case alive
    }

    let kind: Kind
    let page: Int
    let limit: Int
    let attempt: Int

    init(_ kind: Kind, _ page: Int, limit: Int, attempt: Int) {
        self.kind = kind
        self.page = page
        self.limit = limit
        self.attempt = attempt
    }
}
