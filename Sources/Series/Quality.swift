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
    /// A series that scores less is marked, nothing else: 0 to 1.
    package var gate = 0.8

    /// The check of a reason that belongs to none: the record is not of the form that was agreed.
    package static let otherwise = "schema"

    package init(checks: [Check], refusals: [String: String]) {
        self.checks = checks
        self.refusals = refusals
    }

    /// The check that a record fails which is refused for a reason.
    package func check(of reason: String) -> String { refusals[reason] ?? Self.otherwise }

    /// 1 less each check's weight times the share of the records that failed it, at least 0; nil where there were none. To six decimals,
    /// so that what comes to the gate exactly is not under it by the last bit of a sum.
    package func score(of records: Int, failing counts: [String: Int]) -> Double? {
        if records == 0 { return nil }
        let lost = checks.reduce(0) { $0 + $1.weight * Double(counts[$1.name] ?? 0) / Double(records) }
        return (max(0, 1 - lost) * 1e6).rounded(.toNearestOrEven) / 1e6
    }
}

extension Dataset {
    /// The same with another gate, where its records are scored.
    package func gated(at gate: Double) -> Dataset {
        var dataset = self
        dataset.quality?.gate = gate
        return dataset
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
