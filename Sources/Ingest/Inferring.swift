internal import Series
internal import Store

/// Carries out calls of inference: rows that follow from those of other series (every shape but one), and proofs that nothing happened
/// (`Derivation.evidenceShape`).
final class Inferring: LocalWork {
    private let store: Store

    init(store: Store) { self.store = store }

    /// Rows of the finest source that one piece reads at most, roughly.
    private static let rowsPerPiece = 20_000
    /// Slots of each series that are weighed at once.
    private static let slotsPerWindow = 50_000

    func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd {
        guard let derivation = dataset.derivation else {
            return .ends(TaskResult(ended: .failed, reason: "nothing follows from what is held of \(dataset.name)"), written: 0)
        }
        let all = try await store.entries(of: dataset.name)
        let wanted = Set(task.claim.seriesIDs)
        let targets = all.filter { wanted.contains($0.id) }.sorted { $0.key < $1.key }
        let span = dataset.periods.instants(of: task.claim.periods)
        let isEvidence = task.claim.shape == Derivation.evidenceShape
        var sum = Inferred()
        if isEvidence {
            guard let found = try await weigh(task, targets, among: all, in: span, dataset, now) else { return .halted }
            sum = found
        } else {
            let known = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })
            for target in targets {
                let sources = derivation.sources(target.key).compactMap { known[$0] }
                guard let found = try await derive(task, target, from: sources, in: span, dataset, now) else { return .halted }
                sum += found
            }
        }
        return .ends(Self.result(sum, isEvidence: isEvidence), written: sum.written)
    }

    /// nil where it was broken off.
    private func derive(
        _ task: LocalTask, _ target: SeriesEntry, from sources: [SeriesEntry], in span: Range<Int64>, _ dataset: Dataset, _ now: Int64
    ) async throws -> Inferred? {
        var sum = Inferred()
        let open = try await store.derivable(target, in: span, of: dataset, now: now)
        let coarse = dataset.calendar(of: target.key).ruler
        let ratio = sources.compactMap { FinerSlots(of: dataset.calendar(of: $0.key).ruler, in: coarse)?.ratio }.max() ?? 1
        let width = max(1, Self.rowsPerPiece / ratio)
        var from = open.first
        while let start = from {
            if task.isHalted { return nil }
            let piece = start..<start + width
            let last = open.intersection(piece).last ?? start
            sum += try await store.derive(task.claim, target, from: sources, in: start..<last + 1, of: dataset, now: now)
            from = open.intersection(piece.upperBound..<max(piece.upperBound, (open.last ?? start) + 1)).first
        }
        return sum
    }

    /// The longest slots first: one that is found to be empty says so of all shorter ones in it. nil where it was broken off.
    private func weigh(
        _ task: LocalTask, _ targets: [SeriesEntry], among all: [SeriesEntry], in span: Range<Int64>, _ dataset: Dataset, _ now: Int64
    ) async throws -> Inferred? {
        var sum = Inferred()
        guard let extent = try await store.extent(of: all, dataset) else { return sum }
        let stretch = extent.clamped(to: span)
        var groups: [(seconds: Int, series: [SeriesEntry])] = []
        for (ruler, series) in Dictionary(grouping: targets, by: { dataset.calendar(of: $0.key).ruler }) {
            if case .every(let seconds, _) = ruler { groups.append((seconds, series)) }
        }
        for (seconds, series) in groups.sorted(by: { $0.seconds > $1.seconds }) {
            let width = Int64(seconds * Self.slotsPerWindow)
            var from = stretch.lowerBound
            while from < stretch.upperBound {
                if task.isHalted { return nil }
                let to = min(from + width, stretch.upperBound)
                sum += try await store.weigh(task.claim, series, among: all, in: from..<to, of: dataset, now: now)
                from = to
            }
        }
        return sum
    }

    /// A look for proofs ends as proved whatever it found: another look would find no more. What is left its words say.
    static func result(_ sum: Inferred, isEvidence: Bool) -> TaskResult {
        func slots(_ count: Int, _ one: String, _ several: String) -> String {
            count == 1 ? "1 slot \(one)" : "\(count) slots \(several)"
        }
        var parts: [String] = []
        if sum.filled > 0 { parts.append(slots(sum.filled, "follows from finer ones", "follow from finer ones")) }
        if sum.absent > 0 { parts.append(slots(sum.absent, "is known to be empty", "are known to be empty")) }
        if sum.left > 0, isEvidence { parts.append("looked for proofs: " + slots(sum.left, "stays open", "stay open")) }
        if sum.left > 0, !isEvidence { parts.append(slots(sum.left, "is not whole", "are not whole") + " in any finer series") }
        let text = parts.isEmpty ? "nothing was open" : parts.joined(separator: "; ")
        return TaskResult(ended: isEvidence || sum.left == 0 ? .proved : .unproved, reason: text)
    }
}
