extension Dataset {
    /// The series that a selection names by the values of keys and labels, whether or not the store has them, where what is stored is
    /// followed: a key that it names none of has the dataset's defaults, and what can be no value of a key makes no series. None where it
    /// leaves open which, and none where a listing tells what there is: a misspelt name would be a series for ever.
    package func series(named wanted: [String: [String]]) -> [SeriesKey] {
        guard followsStored, roster == nil, !wanted.isEmpty else { return [] }
        var result: [[String]] = [[]]
        for name in keys {
            var values = wanted[name]
            for label in labels {
                guard let chosen = wanted[label.name] else { continue }
                let meant = chosen.compactMap { label.expands($0)[name] }
                if meant.isEmpty { continue }
                let all = Set(meant.joined())
                values = values?.filter(all.contains) ?? all.sorted()
            }
            var known: [String] = []
            for value in values ?? defaults(name) {
                if let one = canonical(name, value), !known.contains(one) { known.append(one) }
            }
            result = result.flatMap { start in known.map { start + [$0] } }
        }
        return result.map { SeriesKey($0) }.filter { includes($0, wanted) }.sorted()
    }
}
