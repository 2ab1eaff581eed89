package import Series

extension Dataset {
    /// Makes sure that what is asked for by values of keys and labels is there: a misspelt name must not read as one of which nothing is
    /// expected. Throws `AnswerError.unknownSeries` of the first value that no series of these has, and `.unknownCombination` where none
    /// has one of each.
    package func requireSeries(_ asked: [String: [String]], among known: [SeriesKey]) throws(AnswerError) {
        for (name, values) in asked.sorted(by: { $0.key < $1.key }) {
            let place = keys.firstIndex(of: name)
            let label = labels.first { $0.name == name }
            let there = Set(known.compactMap { key in place.map { key.values[$0] } ?? label?.of(key) })
            if let value = values.first(where: { !there.contains($0) }) { throw .unknownSeries(field: name, value: value) }
        }
        if !asked.isEmpty, !known.contains(where: { includes($0, asked) }) { throw .unknownCombination }
    }
}
