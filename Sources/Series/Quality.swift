/// By what the records of a call are scored. A refused record fails the check that its reason belongs to; one that was taken may carry
/// marks.
package struct QualityRules: Sendable {
    package struct Check: Sendable, Hashable {
        /// One word, for programs: `ohlc`.
        package let name: String
        /// How much of a score a series loses whose every record fails it, 0 to 1.
        package let weight: Double
        /// What it asks, one sentence.
        package let meaning: String

        package init(_ name: String, weight: Double, _ meaning: String) {
            self.name = name
            self.weight = weight
            self.meaning = meaning
        }
    }

    package let checks: [Check]
    /// The check that a reason for refusing a record belongs to.
    package let refusals: [String: String]

    package init(checks: [Check], refusals: [String: String]) {
        self.checks = checks
        self.refusals = refusals
    }

    /// 1 less each check's weight times the share of the records that failed it, at least 0; nil where there were none.
    package func score(of records: Int, failing counts: [String: Int]) -> Double? {
        if records == 0 { return nil }
        return max(0, 1 - checks.reduce(0) { $0 + $1.weight * Double(counts[$1.name] ?? 0) / Double(records) })
    }
}

/// Records of one series that were taken though something about them is odd.
package struct QualityMark: Sendable, Hashable {
    /// Index into the order's series.
    package let series: Int
    package let check: String
    package let records: Int

    package init(series: Int, check: String, records: Int = 1) {
        self.series = series
        self.check = check
        self.records = records
    }
}
