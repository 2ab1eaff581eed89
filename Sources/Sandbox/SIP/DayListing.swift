/// The rows of one source and local day in the order in which they are served, and how each is written. What is made once
/// for a day is kept: a scan asks for the same day forty times.
class DayListing {
    let count: Int
    /// From here on all rows are there.
    let complete: Int64
    private var kept: (moment: Int64, rows: [Int32])?

    init(count: Int, complete: Int64) {
        self.count = count
        self.complete = complete
    }

    func appears(_ row: Int) -> Int64 { .min }

    /// As a JSON object.
    func write(_ row: Int, to out: inout [UInt8], comma: Bool) {}

    /// Numbers of the rows that are there at `moment`; nil for all.
    func visible(at moment: Int64) -> [Int32]? {
        if complete <= moment { return nil }
        if let kept, kept.moment == moment { return kept.rows }
        let rows = (0..<Int32(count)).filter { appears(Int($0)) <= moment }
        kept = (moment, rows)
        return rows
    }
}
