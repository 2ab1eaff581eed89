package import Series
package import Store

extension Planning {
    /// Which scores a selection means: those of its series. Throws `InputError` where it makes no sense, and what the store throws.
    package func quality(
        _ selection: Selection, ingestion: String? = nil, isBelowGate: Bool? = nil, of dataset: Dataset
    ) async throws -> Store.QualityFilter {
        let series = try await refusals(selection, nil, of: dataset)
        return Store.QualityFilter(keys: series.keys, series: series.series, ingestion: ingestion, isBelowGate: isBelowGate)
    }
}
