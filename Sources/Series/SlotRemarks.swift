/// What is remarked of missing slots of one series: words that hold until they are held or known to be empty. Pure.
package struct SlotRemarks: Sendable, Equatable {
    package struct Run: Sendable, Equatable {
        package let slots: Range<Int>
        /// One word: `lost`, `unknown`.
        package let reason: String

        package init(_ slots: Range<Int>, _ reason: String) {
            self.slots = slots
            self.reason = reason
        }
    }

    /// In the order of time, none over another. A run may reach over slots that are not missing, of which it says nothing: a thin series
    /// has thousands of holes and few runs.
    package let runs: [Run]

    /// `said`: the missing slots that each word is said of, no slot under two. `silent`: missing slots of which nothing is said.
    package init(_ said: [String: SlotSet], silent: SlotSet) {
        let all = said.flatMap { word, slots in slots.ranges.map { Run($0, word) } }.sorted { $0.slots.lowerBound < $1.slots.lowerBound }
        var runs: [Run] = []
        for run in all {
            if let last = runs.last, last.reason == run.reason, silent.count(in: last.slots.upperBound..<run.slots.lowerBound) == 0 {
                runs[runs.count - 1] = Run(last.slots.lowerBound..<run.slots.upperBound, run.reason)
            } else {
                runs.append(run)
            }
        }
        self.runs = runs
    }
}
