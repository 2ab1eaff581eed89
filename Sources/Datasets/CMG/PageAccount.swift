/// Which pages of a listing came, and whether they are all of it. Knows pages and counts, not what is on them.
///
/// Trusted is nothing but arithmetic, because this upstream's pages are known to be empty or short in the middle, to repeat records
/// and leave others out, to become more while they are read, to begin at 0 or at 1, and to be smaller than asked for.
struct PageAccount {
    struct Ask: Hashable {
        let page: Int
        let limit: Int
        let attempt: Int
    }

    /// What is known of one page.
    private struct Reading {
        var asks = 0
        /// Records on it when it was last seen with any.
        var records = 0
        /// It came with `totalPages`: where it is empty, it is so by the upstream's word.
        var isVouched = false
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
    private static let triesMax = 3
    /// How often the size of pages may change under way.
    private static let renumberingsMax = 3

    /// More than this is not what such a call is for.
    private let pagesMax: Int
    /// Records a page, as the upstream says it; as asked for, until it does.
    private(set) var limit: Int
    /// The most that any answer said.
    private(set) var total: Int?
    private var readings: [Int: Reading] = [:]
    private var identities: Set<UInt64> = []
    /// An answer with records did not say which page it is, or of how many records: proof needs both.
    private var isUnechoed = false
    private var asked = 0
    private var renumberings = 0

    init(limit: Int, pagesMax: Int) {
        self.limit = limit
        self.pagesMax = pagesMax
    }

    /// Different records seen.
    var distinct: Int { identities.count }

    mutating func first() -> Ask { ask(0) }

    private mutating func ask(_ page: Int) -> Ask {
        let attempt = readings[page, default: Reading()].asks
        readings[page, default: Reading()].asks += 1
        asked += 1
        return Ask(page: page, limit: limit, attempt: attempt)
    }

    mutating func take(_ answer: Answer, identities: [UInt64], to ask: Ask) {
        self.identities.formUnion(identities)
        // A page further along says nothing about pages of another size.
        let size = answer.limit.flatMap { $0 > 0 ? $0 : nil } ?? ask.limit
        if size != limit {
            let isFirst = !readings.values.contains { $0.records > 0 || $0.isVouched }
            guard isFirst || (size < limit && renumberings < Self.renumberingsMax) else { return }
            renumber(by: size, at: ask.page)
        }
        if let pages = answer.totalPages { total = max(total ?? 0, pages) }
        if answer.records > 0, answer.page == nil || answer.limit == nil { isUnechoed = true }
        guard answer.page == nil || answer.page == ask.page else { return }
        var reading = readings[ask.page, default: Reading()]
        if answer.records > 0 { reading.records = answer.records }
        reading.isVouched = reading.isVouched || answer.totalPages != nil
        readings[ask.page] = reading
    }

    /// Pages of another size are other pages: what was noted of the old ones is void, the records themselves are not.
    private mutating func renumber(by size: Int, at page: Int) {
        let tries = readings[page]?.asks ?? 0
        limit = size
        renumberings += 1
        readings = [page: Reading(asks: tries)]
        total = nil
        // The pages read so far must not count against those to come.
        asked = tries
    }

    mutating func giveUp(_ ask: Ask) {
        if ask.limit == limit { readings[ask.page, default: Reading()].isGivenUp = true }
    }

    /// The number of the first page, 0 or 1. It is 1 where a page at `totalPages` holds records, and where page 0 is empty by the
    /// upstream's word, unless a page at `totalPages` is too.
    private var base: Int {
        guard let total, total > 0 else { return 0 }
        if let beyond = readings[total] {
            if beyond.records > 0 { return 1 }
            if beyond.isVouched { return 0 }
        }
        guard let zero = readings[0] else { return 0 }
        return zero.records == 0 && zero.isVouched ? 1 : 0
    }

    private var last: Int { base + max(total ?? 0, 1) - 1 }

    /// Every page was seen, each but the last one full, and as many different records came as they hold. Fewer different ones mean
    /// that some came twice in the place of others.
    var isComplete: Bool {
        guard let total, !isUnechoed else { return false }
        if total == 0 { return distinct == 0 && (readings[0]?.isVouched ?? false) }
        guard total <= pagesMax else { return false }
        for page in base..<last where (readings[page]?.records ?? 0) != limit { return false }
        let tail = readings[last]?.records ?? 0
        return tail > 0 && tail <= limit && distinct == (total - 1) * limit + tail
    }

    /// The pages to ask for now, when none is outstanding; none where asking on would not help.
    mutating func next() -> [Ask] {
        guard let total else { return canRetry(0) ? [ask(0)] : [] }
        if total > pagesMax { return [] }
        let pages = base..<base + total
        var wanted = pages.filter { readings[$0] == nil }
        let isNew = !wanted.isEmpty
        wanted += pages.filter { readings[$0] != nil && isWeak($0) && canRetry($0) }
        // Whether the listing begins at 0 or 1 is told by the page after the last, and only by it.
        if !isNew, base == 0, let beyond = readings[total] {
            if beyond.records == 0, !beyond.isVouched, canRetry(total) { wanted.append(total) }
        } else if !isNew, base == 0 {
            wanted.append(total)
        }
        return wanted.prefix(max(0, 2 * (total + 2) - asked)).map { ask($0) }
    }

    private func isWeak(_ page: Int) -> Bool {
        let records = readings[page]?.records ?? 0
        return page == last ? records == 0 : records < limit
    }

    private func canRetry(_ page: Int) -> Bool {
        guard let reading = readings[page] else { return true }
        return reading.asks <= Self.triesMax && !reading.isGivenUp
    }

    /// Why the listing is not known whole, for people.
    var shortfall: String {
        guard let total else { return "no answer said how many pages there are" }
        if total > pagesMax { return "the upstream has \(total) pages of \(limit) records, more than the \(pagesMax) a call may ask for" }
        if isUnechoed { return "the answers do not say which page they are, or how long pages are" }
        let weak = (base..<base + total).filter(isWeak).count
        if weak > 0 { return "\(weak) of \(total) pages stayed empty or short" }
        return "\(distinct) different records came on \(total) pages of \(limit): some twice, so that others may be missing"
    }
}
