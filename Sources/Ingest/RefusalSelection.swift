package import Series
package import Store

extension Planning {
    /// Which refused records a selection means: its series and its range. Where it names neither, records that name none are meant too.
    /// Throws `InputError` where it makes no sense, and what the store throws.
    package func refusals(_ selection: Selection, _ reason: String?, of dataset: Dataset) async throws -> Store.RefusalFilter {
        try SelectionJSON.check(selection, of: dataset)
        var filter = Store.RefusalFilter(
            keys: dataset.keys.map { selection.keys[$0] ?? [] }, from: selection.from, to: selection.to, reason: reason)
        // A label is told by the series' key, which only the dataset can read.
        if dataset.labels.contains(where: { selection.keys[$0.name] != nil }) {
            filter.series = try await store.entries(of: dataset.name).filter { dataset.includes($0.key, selection.keys) }.map(\.id)
        }
        return filter
    }
}
