extension PageAccount {
    /// Why the listing is not known whole, for people.
    var shortfall: String {
        guard let total else { return "no answer said how many pages there are" }
        if total > pagesMax { return "the upstream has \(total) pages of \(limit) records, more than the \(pagesMax) a call may ask for" }
        if isUnechoed { return "the answers do not say which page they are, or how long pages are" }
        let pages = base..<base + total
        let unread = pages.count { readings[$0] == nil }
        if unread > 0 { return "\(unread) of \(total) pages were left out: the call was planned for \(requestsMax) requests" }
        let weak = pages.count { (readings[$0]?.records ?? 0) < ($0 == pages.upperBound - 1 ? 1 : limit) }
        if weak > 0 { return "\(weak) of \(total) pages stayed empty or short" }
        if unidentified > 0 { return "\(unidentified) records do not say which they are" }
        if sum != nil { return "the upstream's count of records is not that of the \(distinct) that came" }
        return "\(distinct) different records came on \(total) pages of \(limit): some twice, so that others may be missing"
    }
}
