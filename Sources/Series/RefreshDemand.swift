/// What it takes to keep subjects as they are now (`CallShape.Kind.snapshot`), day after day, and how many a budget of tokens can keep.
package struct RefreshDemand: Sendable, Hashable {
    /// A group of fields that is kept, by its series' key value, and how old it may be.
    package struct Group: Sendable, Hashable {
        package let seconds: Int
        /// By the cheapest call that brings it.
        package let price: Double
        /// Whether the call for the next longer group brings this one too.
        package let comesWithLonger: Bool

        package init(seconds: Int, price: Double, comesWithLonger: Bool) {
            self.seconds = seconds
            self.price = price
            self.comesWithLonger = comesWithLonger
        }
    }

    package var subjects: Int
    /// The longest first.
    package var groups: [Group]

    package init(subjects: Int, groups: [Group]) {
        self.subjects = subjects
        self.groups = groups.sorted { $0.seconds > $1.seconds }
    }

    /// Tokens that one subject takes in a day: each group by its period, less what comes with the call for a longer one.
    package var tokensOfSubject: Double {
        var tokens = 0.0
        var longer = 0.0
        for group in groups {
            let calls = max(0, 86_400 / Double(max(1, group.seconds)) - (group.comesWithLonger ? longer : 0))
            tokens += calls * group.price
            longer += calls
        }
        return tokens
    }

    package var tokensPerDay: Double { tokensOfSubject * Double(subjects) }

    /// How many subjects so many tokens a minute keep.
    package func held(by tokensPerMinute: Double) -> Int {
        let each = tokensOfSubject
        return each <= 0 ? subjects : min(subjects, Int((max(0, tokensPerMinute) * 1440 / each + 1e-9).rounded(.down)))
    }

    /// Whether so many tokens a minute keep all of them, and what would.
    package func sustainability(tokensPerMinute: Double) -> Sustainability {
        let (needed, capacity) = (tokensPerDay, max(0, tokensPerMinute) * 1440)
        if needed <= capacity {
            return Sustainability(requestsPerDay: needed, capacityPerDay: capacity, shortPerDay: 0, isSustainable: true, wouldNeed: nil)
        }
        let rate = Int((needed / 1440).rounded(.up))
        let kept = held(by: tokensPerMinute)
        // Rounded up: so far apart they are sure to fit.
        let apart = capacity > 0 ? "\((needed / capacity * 10).rounded(.up) / 10) times as far apart" : "never"
        let text = "\(rate) tokens a minute instead of \(Self.text(tokensPerMinute)), or \(kept) instead of \(subjects) products, or "
            + "refreshes \(apart): \(Int(needed.rounded(.up))) tokens a day are needed and \(Int(capacity)) come"
        return Sustainability(
            requestsPerDay: needed, capacityPerDay: capacity, shortPerDay: needed - capacity, isSustainable: false, wouldNeed: text)
    }

    private static func text(_ rate: Double) -> String { rate == rate.rounded() ? "\(Int(rate))" : "\(rate)" }
}

extension Dataset {
    /// What keeping so many subjects takes; nil where calls do not ask for what is now.
    ///
    /// - Parameters:
    ///   - prices: tokens of a subject, as was learnt (`CallShape.priceKey`).
    ///   - periods: seconds between two looks by the value of the last key, where they are to be others than the slots' lengths.
    package func refreshDemand(subjects: Int, prices: [String: Double], periods: [String: Int] = [:]) -> RefreshDemand? {
        guard asksForNow else { return nil }
        func seconds(_ key: SeriesKey) -> Int { key.values.last.flatMap { periods[$0] } ?? length(of: key) }
        let all = exampleSubject.sorted { seconds($0) > seconds($1) }
        var groups: [RefreshDemand.Group] = []
        for (index, key) in all.enumerated() {
            guard let shape = firstSnapshot(serving: key) else { continue }
            let longer = index > 0 ? firstSnapshot(serving: all[index - 1]) : nil
            groups.append(
                RefreshDemand.Group(
                    seconds: seconds(key), price: prices[shape.priceKey] ?? shape.tokensPerSubject,
                    comesWithLonger: longer.map { serves($0, key) } ?? false))
        }
        return RefreshDemand(subjects: subjects, groups: groups)
    }

    /// By which shape a group is asked for alone: of those that cost the same the first that is named.
    private func firstSnapshot(serving key: SeriesKey) -> CallShape? {
        shapes.filter { shape in
            guard case .snapshot = shape.kind else { return false }
            return serves(shape, key)
        }.min { $0.perSeries.tokens < $1.perSeries.tokens }
    }

    /// The series of a subject that is not there: what all subjects have.
    private var exampleSubject: [SeriesKey] {
        guard let last = keys.last else { return [] }
        return values(of: last).map { SeriesKey(Array(repeating: "0000000000", count: keys.count - 1) + [$0]) }
    }

    /// Seconds of a slot.
    private func length(of key: SeriesKey) -> Int {
        let ruler = calendar(of: key).ruler
        return Int(ruler.end(of: 0) - ruler.start(of: 0))
    }
}
