package import Series

extension Dataset {
    /// Makes sure that what is asked for by values of keys and labels is there: a misspelt name must not read as one of which nothing is
    /// expected. Throws `AnswerError.unknownSeries` of the first value that no series of these has, and `.unknownCombination` where none
    /// has one of each.
    package func requireSeries(_ asked: [String: [String]], among known: [SeriesKey]) throws(AnswerError) {
        for (name, values) in asked.sorted(by: { $0.key < $1.key }) {
            let there = Set(known.compactMap { value(of: name, in: $0) })
            if let value = values.first(where: { !there.contains($0) }) { throw .unknownSeries(field: name, value: value) }
        }
        if !asked.isEmpty, !known.contains(where: { includes($0, asked) }) { throw .unknownCombination }
    }

    /// What a series has under the name of a key or a label.
    func value(of name: String, in key: SeriesKey) -> String? {
        keys.firstIndex(of: name).map { key.values[$0] } ?? labels.first { $0.name == name }?.of(key)
    }

    /// The key that says of each series which kind of several it is of; the last one where none does.
    func key(parting series: [SeriesKey], by kind: (SeriesKey) -> some Hashable) -> String {
        keys.enumerated().first { place, _ in
            Dictionary(grouping: series) { $0.values[place] }.values.allSatisfy { Set($0.map(kind)).count == 1 }
        }?.element ?? keys[keys.count - 1]
    }

    /// Places of series by what they have under the name of a key or a label: values of a label in its order, others as numbers and words
    /// are sorted. Values that none has are left out.
    package func groups(of series: [SeriesKey], by name: String) -> [(value: String, places: [Int])] {
        let groups = Dictionary(grouping: series.indices) { value(of: name, in: series[$0]) ?? "" }
        let order = labels.first { $0.name == name }?.values ?? groups.keys.sorted {
            switch (Int($0), Int($1)) {
            case (let one?, let other?): one == other ? $0 < $1 : one < other
            case (nil, nil): $0 < $1
            case (let one, _): one != nil
            }
        }
        return order.compactMap { value in groups[value].map { (value, $0) } }
    }
}
