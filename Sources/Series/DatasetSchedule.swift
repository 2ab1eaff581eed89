internal import Bytes

/// Something that the service asks of a dataset's upstream by itself.
package struct DatasetSchedule: Sendable {
    package enum Purpose: Sendable, Hashable {
        /// Holes of the run's local day and of so many days before it, as far as they are due.
        case missing(daysBack: Int)
        /// Holes of all that is looked at where nobody names a start: the horizon, and what is held from before it.
        case everyHole
        /// What may have been corrected: the days of the dataset's `corrections`, asked for again.
        case corrections
    }

    /// One word, the same over the years: what was done is remembered by it.
    package let name: String
    package let recurrence: Recurrence
    package let purpose: Purpose
    package let lane: Lane

    package init(_ name: String, _ recurrence: Recurrence, _ purpose: Purpose, lane: Lane) {
        self.name = name
        self.recurrence = recurrence
        self.purpose = purpose
        self.lane = lane
    }

    /// What a run at `now` (shown clock) asks for. However late it is, what is asked for is judged by its own instant: a run that makes
    /// up for many asks for no more than one.
    package func selections(of dataset: Dataset, now: Int64) -> [Selection] {
        let today = dataset.zone.day(at: now)
        switch purpose {
        case .missing(let daysBack):
            return [Selection(dataset: dataset.name, from: dataset.zone.start(of: today.advanced(by: -daysBack)), to: now)]
        case .everyHole:
            return [Selection(dataset: dataset.name, to: now)]
        case .corrections:
            return dataset.corrections.flatMap { correction in
                if let range = correction.lastSlots.flatMap({ dataset.lastDue($0, now: now) }) {
                    return [
                        Selection(
                            dataset: dataset.name, keys: correction.keys, from: range.lowerBound, to: range.upperBound, mode: .refresh)
                    ]
                }
                return correction.runs.map { ages in
                    Selection(
                        dataset: dataset.name, keys: correction.keys,
                        from: dataset.zone.start(of: today.advanced(by: -ages.upperBound)),
                        to: dataset.zone.start(of: today.advanced(by: 1 - ages.lowerBound)), mode: .refresh)
                }
            }
        }
    }
}

/// At which ages an upstream was seen to have corrected what it had given before.
package struct Correction: Sendable, Hashable {
    /// Values by key name: of which series this is said.
    package let keys: [String: [String]]
    /// Local days before the day on which is asked; 1 is yesterday.
    package let ages: [Int]

    /// The last due slots that exist, so many, whatever their age: a day without a session has nothing to be corrected. nil: by age.
    package let lastSlots: Int?

    package init(keys: [String: [String]], ages: [Int]) {
        self.keys = keys
        self.ages = ages
        lastSlots = nil
    }

    package init(keys: [String: [String]], lastSlots: Int) {
        self.keys = keys
        ages = []
        self.lastSlots = lastSlots
    }

    /// Ages that follow on each other can be asked for at once.
    var runs: [ClosedRange<Int>] {
        Set(ages).sorted().reduce(into: []) { runs, age in
            if let last = runs.last, last.upperBound + 1 == age {
                runs[runs.count - 1] = last.lowerBound...age
            } else {
                runs.append(age...age)
            }
        }
    }
}

extension Dataset {
    /// From the first of so many slots that were the last to fall due to the end of the last; of a series that still has any, for one that
    /// has ended says nothing of the others. nil where none has.
    func lastDue(_ count: Int, now: Int64) -> Range<Int64>? {
        for key in followed {
            let due = dueBefore(key, now: now)
            let ruler = calendar(of: key).ruler
            let slots = calendar(of: key).expected(in: due - 30..<due).ranges.flatMap { Array($0) }.suffix(count)
            if let first = slots.first, let last = slots.last, last >= due - 7 { return ruler.start(of: first)..<ruler.end(of: last) }
        }
        return nil
    }
}
