internal import Series

/// One listing, read page by page over a set that may move meanwhile: `skip` counts places, so that a record that comes or goes before a
/// page's beginning shifts what stands there, and one is left out, or comes twice.
///
/// Pages meet in one record, which must be the same on both. Where it is not, where the upstream's count changes, or a record comes again
/// on a later page, the listing is read again from its start. It is known whole by a pass without any of this in which so many different
/// records came as the upstream counts; where it does not count, by one that a short page ended.
struct AccountsListing {
    /// Of all that the call asks for, those that this listing names; nil: no filter.
    let accounts: [String]?
    /// Requests of a batch that was refused are not what the plan pays for.
    let isAgain: Bool

    private(set) var pass = 1
    private(set) var skip = 0
    /// Pages of this pass.
    private(set) var pages = 0
    private(set) var isHeard = false
    private var total: Int?
    private var last: String?
    /// What this pass brought, and what all of them did.
    private var here = Records()
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

    /// Of a pass that was whole its own; else all that ever came, the later holding.
    func records(whole: Bool) -> [AccountsRecord] { (whole ? here : ever).all }

    mutating func take(_ page: AccountsAnswer, _ records: [AccountsRecord]) -> Next {
        isHeard = true
        for record in records { ever.set(record) }
        if let flaw = join(page, records) { return again(because: flaw) }
        let end = skip + records.count
        guard let total else {
            if records.count < min(page.limit ?? Accounts.pageRows, Accounts.pageRows) { return .whole }
            return more(from: end, records)
        }
        if end < total { return more(from: end, records) }
        if here.all.count == total { return .whole }
        return again(because: "\(here.all.count) different records came of \(total)")
    }

    /// Why the page does not continue the pass; nil where it does, and is taken.
    private mutating func join(_ page: AccountsAnswer, _ records: [AccountsRecord]) -> String? {
        if let told = page.skip, told != skip { return "asked for places from \(skip) on, the answer begins at \(told)" }
        if pages == 0 {
            total = page.total
        } else if total != page.total {
            return "the upstream's count changed while it was read"
        }
        if let last, records.first?.identity != last { return "the listing moved while it was read" }
        pages += 1
        let before = here.all.count
        for (place, record) in records.enumerated() {
            let old = here.set(record)
            // On one page the upstream itself has it twice, and its count tells.
            if let old, old < before, !(place == 0 && last != nil) { return "a record came again on a later page" }
        }
        return nil
    }

    private mutating func more(from end: Int, _ records: [AccountsRecord]) -> Next {
        guard records.count > 1, let last = records.last else { return again(because: "a page came short") }
        if pages >= Self.pagesMax { return .lost("the listing has more than \(pages) pages") }
        self.last = last.identity
        skip = end - 1
        return .page
    }

    private mutating func again(because flaw: String) -> Next {
        if pass == Self.passesMax { return .lost("\(flaw), \(pass) times") }
        pass += 1
        (skip, pages, total, last, here) = (0, 0, nil, nil, Records())
        return .page
    }

    /// Records by their identity, in the order in which they first came.
    private struct Records {
        private var places: [String: Int] = [:]
        private(set) var all: [AccountsRecord] = []

        /// The place of an older one, which it replaces.
        @discardableResult
        mutating func set(_ record: AccountsRecord) -> Int? {
            if let place = places[record.identity] {
                all[place] = record
                return place
            }
            places[record.identity] = all.count
            all.append(record)
            return nil
        }
    }
}
