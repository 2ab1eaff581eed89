package import Series

/// What calls there are and what they cost.
///
/// A call's price is what it first asks for, each page once. Its retries are not in it, and neither are the requests that ask again for
/// what was answered: pages that came empty or short, the probe by which the end of a listing is confirmed, smaller pages after
/// a large one was refused. They carry `attempt > 0`.
extension CMGSource {
    enum Shape { case node, scan }

    static let nodeSuffix = "-node"
    static let scanSuffix = "-scan"

    /// The largest page that every endpoint gave without a 502.
    var pageRows: Int { 4000 }

    var shapes: [CallShape] {
        let scan = CallShape(
            name: rawValue + CMGSource.scanSuffix, channel: rawValue, kind: .sweep, fixed: Cost(requests: scanRequests),
            secondsPerRequest: 4)
        if isProgramme { return [scan] }
        // 31 days of quarters are 2,976 rows: one page. Longer ranges make the upstream fail.
        let node = CallShape(
            name: rawValue + CMGSource.nodeSuffix, channel: rawValue, kind: .window(periods: 31), fixed: Cost(requests: 1),
            secondsPerRequest: 4)
        return [node, scan]
    }

    /// Pages of a day and one more, for a listing that turns out to begin at page 0 when it was read from page 1 on.
    private var scanRequests: Int {
        switch self {
        // 1,641 buses (September 2026) of 96 quarters are 157,536 rows: 40 pages.
        case .real, .online: 40 + 1
        // 257 keys, 24 hours, some four programmes of each: 24,672 rows.
        case .pid: 7 + 1
        // The same with three programmes: 18,504 rows.
        case .pcp: 5 + 1
        }
    }

    /// The source and shape that a call shape's name stands for.
    static func parse(_ name: String) -> (source: CMGSource, shape: Shape)? {
        for source in allCases {
            if name == source.rawValue + nodeSuffix, !source.isProgramme { return (source, .node) }
            if name == source.rawValue + scanSuffix { return (source, .scan) }
        }
        return nil
    }
}

extension CMG {
    static let quartersADay = 96
    static let nodeDaysMax = 31

    /// Days of one bus that a page of so many rows holds: what a node's call is made of.
    static func nodeDays(pageRows: Int) -> Int { min(nodeDaysMax, max(1, pageRows / quartersADay)) }

    /// A call shape at the price that a call of it was found to have: a scan costs its pages; a node's call becomes as many days as a
    /// page holds, at what such a call needs (`CMGExchange` reports it so).
    package static func priced(_ shape: CallShape, _ needs: Step.Needs) -> CallShape {
        shape.costing(needs.requests, windows: nodeDays(pageRows: needs.pageRows))
    }
}
