internal import Series

/// One listing, read page by page over a set that may move meanwhile: `skip` counts places, so that a record that comes or goes before a
/// page's beginning shifts what stands there, and one is left out, or comes twice.
///
/// Pages meet in one record, which must be the same on both. Where it is not, or where the upstream's count changes, the listing is read
/// again from its start. It is known whole by
/// - a pass of as many different records as the upstream counts, of which none came again on a later page. Where it does not count, the
///   last page has to bring nothing but the record in which it meets the one before: a short page may be as long as the upstream's pages
///   are;
/// - or two passes one after the other that brought the same records in the same order to the same end: then the upstream has two of one
///   slot, or a day without any, as its set and not by a mishap.
struct AccountsListing {
    /// Of all that the call asks for, those that this listing names; nil: no filter.
    let accounts: [String]?
    /// Requests of a batch that was refused are not what the plan pays for.
    let isAgain: Bool

    private(set) var pass = 1
    private(set) var isHeard = false
    private var now = Pass()
    /// The records of the pass before, where it came to the end that the upstream counts.
    private var before: [String]?
    /// What all passes brought.
    private var ever = Records()

    static let passesMax = 3
    /// A million records: more than any set of accounts that a call should read.
    static let pagesMax = 1002

    init(accounts: [String]?, isAgain: Bool = false) {
        self.accounts = accounts
        self.isAgain = isAgain
    }

    enum Next: Equatable {
        /// Another page, from `skip` on.
        case page
        case whole
        case lost(String)
    }

    var skip: Int { now.skip }
    /// Whether the page that is due is asked for only because a short one does not tell the end of a set that is not counted.
    var isBeyond: Bool { now.isBeyond }

    /// Of a pass that was whole its own; else all that ever came, the later holding.
    func records(whole: Bool) -> [AccountsRecord] { (whole ? now.records : ever).all }

    mutating func take(_ page: AccountsAnswer, _ records: [AccountsRecord]) -> Next {
        isHeard = true
        let named = Self.named(records)
        for (name, record) in named { ever.set(record, named: name) }
        if let flaw = now.join(page, named) { return again(because: flaw) }
        let end = now.skip + records.count
        // Where nothing is counted, the first page ends a listing only by being empty.
        let isMore = now.total.map { end < $0 } ?? (records.count > (now.pages > 1 ? 1 : 0))
        if !isMore { return close(at: end) }
        guard let last = named.last, records.count > 1 || now.total == nil else { return again(because: "a page came short") }
        if now.pages >= Self.pagesMax { return .lost("the listing has more than \(now.pages) pages") }
        now.last = last.record.identity
        now.skip = end - 1
        now.isBeyond = now.total == nil && records.count < min(page.limit ?? Accounts.pageRows, Accounts.pageRows)
        return .page
    }

    /// The pass has come to its end.
    private mutating func close(at end: Int) -> Next {
        guard let doubt else { return .whole }
        let order = now.total ?? end == end ? now.order : nil
        if let order, order == before { return .whole }
        return again(because: doubt, order)
    }

    /// Why the pass alone is no proof.
    private var doubt: String? {
        if now.isDoubled { return "a record came again on a later page" }
        let count = now.records.all.count
        if let total = now.total, count != total { return "\(count) different records came of \(total)" }
        return accounts == nil && count == 0 ? "the listing of a day was empty" : nil
    }

    private mutating func again(because flaw: String, _ order: [String]? = nil) -> Next {
        if pass == Self.passesMax { return .lost("\(flaw), \(pass) times") }
        pass += 1
        now = Pass()
        before = order
        return .page
    }

    /// Records of one account and slot have one name. Those that do not tell them are told apart by their text and, of equal ones, by
    /// their place among those of their page.
    private static func named(_ records: [AccountsRecord]) -> [(name: String, record: AccountsRecord)] {
        var nameless: [String: Int] = [:]
        return records.map { record in
            if record.isPlaced { return (record.identity, record) }
            let place = nameless[record.identity, default: 0]
            nameless[record.identity] = place + 1
            return (place == 0 ? record.identity : "\(place) \(record.identity)", record)
        }
    }
}

extension AccountsListing {
    /// The listing read once from its start, as far as it has come.
    private struct Pass {
        var skip = 0
        var isBeyond = false
        /// The record in which the next page has to meet the last one.
        var last: String?
        private(set) var total: Int?
        private(set) var pages = 0
        /// Whether a page brought what an earlier one had brought. On one page the upstream itself has it twice, and its count tells.
        private(set) var isDoubled = false
        /// All that came, by name.
        private(set) var order: [String] = []
        private(set) var records = Records()

        /// Why the page does not continue the pass; nil where it does, and is taken.
        mutating func join(_ page: AccountsAnswer, _ named: [(name: String, record: AccountsRecord)]) -> String? {
            if let told = page.skip, told != skip { return "asked for places from \(skip) on, the answer begins at \(told)" }
            if pages == 0 {
                total = page.total
            } else if total != page.total {
                return "the upstream's count changed while it was read"
            }
            if let last, named.first?.record.identity != last { return "the listing moved while it was read" }
            pages += 1
            let before = records.all.count
            for (place, (name, record)) in named.enumerated() {
                order.append(name)
                let old = records.set(record, named: name)
                if let old, old < before, !(place == 0 && last != nil) { isDoubled = true }
            }
            return nil
        }
    }

    /// Records by their names, in the order in which they first came.
    private struct Records {
        private var places: [String: Int] = [:]
        private(set) var all: [AccountsRecord] = []

        /// The place of an older one, which it replaces.
        @discardableResult
        mutating func set(_ record: AccountsRecord, named name: String) -> Int? {
            if let place = places[name] {
                all[place] = record
                return place
            }
            places[name] = all.count
            all.append(record)
            return nil
        }
    }
}
