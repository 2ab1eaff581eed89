internal import Bytes
internal import Codec
package import Series
package import Store

extension Planning {
    /// Imports of these files that are not over, oldest first: one that was cut off is gone on with, not filed anew, and has something to
    /// conclude even where all its files are in. An ingestion that also asks an upstream is none: it may take days.
    package func openImports(of files: [Int64], of dataset: Dataset) async throws -> [Store.OpenReading] {
        try await store.openReadings(of: files, dataset: dataset.name).filter { open in
            let selection = try JSONValue(parsing: Array(open.selection.utf8))
            return try !SelectionJSON.read(selection, datasets: [dataset], isStored: true).ways.apiBackfill
        }
    }

    /// Files an ingestion that reads files, whatever of their rows is held already: a later edition may say other things of it. What can be
    /// concluded from what is held then is concluded. nil where none of them is left to be read, but by open imports.
    package func `import`(_ files: [Int64], of dataset: Dataset, for requester: Requester) async throws -> Store.Filed? {
        let now = clock.now
        let wanted = Set(files).subtracting(try await openImports(of: files, of: dataset).flatMap(\.files))
        let atHand = try await store.filesAtHand(of: dataset).filter { wanted.contains($0.id) }
        guard let shape = dataset.shapes.first(where: { $0.kind == .file }), let first = atHand.map(\.span.lowerBound).min(),
            let end = atHand.map(\.span.upperBound).max()
        else { return nil }
        var selection = Selection(dataset: dataset.name, from: first, to: end)
        for (place, name) in dataset.keys.enumerated() {
            selection.keys[name] = Set(atHand.map { $0.series.values[place] }).sorted()
        }
        selection.ways.apiBackfill = false
        let series = Dictionary(try await store.ledgers(of: dataset, now: now).map { ($0.key, $0) }) { one, _ in one }
        let calls = atHand.compactMap { file in series[file.series].map { Self.call(file, $0, shape, dataset, now: now) } }
        let figures = PlanFigures(
            gaps: 0, slots: calls.reduce(0) { $0 + $1.covers }, cost: .zero, lowerBound: .zero, optimality: .proven, estimatedSeconds: 0)
        // Of the same files, not of the same selection: another set of files of it is another import.
        let digest = SHA256.hash(Array("\(selection.canonicalText)\nfiles \(atHand.map(\.id))".utf8))
        let draft = Draft(
            dataset: dataset, calls: calls, selection: selection, selectionText: SelectionJSON.text(selection, of: dataset),
            selectionDigest: Hex.encode(digest), digest: Hex.encode(digest), figures: figures, requestsByScope: [:], now: now)
        return try await store.insertIngestion(filing(draft, for: requester))
    }

    private static func call(_ file: FileAtHand, _ one: StoredSeries, _ shape: CallShape, _ dataset: Dataset, now: Int64) -> StoredCall {
        let slots = dataset.slots(of: one.key, from: file.span.lowerBound, to: file.span.upperBound)
        let missing = one.ledger.missing(in: slots, calendar: dataset.calendar(of: one.key), dueBefore: slots.upperBound)
        let periods = dataset.periods.slots(from: file.span.lowerBound, to: file.span.upperBound)
        return StoredCall(
            shape: shape.name, seriesIDs: [one.id], periods: periods, covers: missing.count, requests: 0, tokens: 0, file: file.id)
    }
}
