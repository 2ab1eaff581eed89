internal import Answers
internal import EventLoop
internal import Ingest
internal import Series

/// What this loop knows of the fetching of today: of many readers who lack the same, one asks the store, a few times a second at most.
final class TodayDesk {
    private struct Known {
        let id: String?
        let until: Deadline
    }

    private struct Key: Hashable {
        let dataset: String
        let lack: TodayLack
    }

    /// False where answers are given as they are held.
    let isOn: Bool
    private let loop: Loop
    private let planning: Planning
    private let nudgeWorker: () -> Void
    private var known: [Key: Known] = [:]
    private var looking: [Key: [Waiter]] = [:]

    private static let keysMax = 256
    /// How long a word of the store is taken for true, in milliseconds.
    private static let trust = (underWay: 250, none: 250...30_000, failed: 1000)

    init(_ loop: Loop, _ planning: Planning, isOn: Bool, nudgeWorker: @escaping () -> Void) {
        self.loop = loop
        self.planning = planning
        self.isOn = isOn
        self.nudgeWorker = nudgeWorker
    }

    /// Ids of the ingestions that will bring what is lacking, filed now where there was none. Never throws: whom the store does not
    /// answer now is given what is held.
    func underWay(_ dataset: Dataset, _ lacking: [TodayLack]) async -> [String] {
        var ids: [String] = []
        for lack in lacking {
            if let id = await look(Key(dataset: dataset.name, lack: lack), dataset), !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private func look(_ key: Key, _ dataset: Dataset) async -> String? {
        if let known = known[key], known.until > .now { return known.id }
        if looking[key] != nil {
            let waiter = Waiter(loop)
            looking[key]?.append(waiter)
            try? await waiter.wait(until: .after(.seconds(5)))
            return known[key]?.id
        }
        looking[key] = []
        let found = await ask(key, dataset)
        if known.count >= Self.keysMax { known = [:] }
        known[key] = found
        for waiter in looking.removeValue(forKey: key) ?? [] { waiter.wake() }
        return found.id
    }

    private func ask(_ key: Key, _ dataset: Dataset) async -> Known {
        do {
            switch try await planning.fetchToday(of: dataset, channel: key.lack.channel, dueAt: key.lack.dueAt) {
            case .underWay(let id, let isNew):
                if isNew { nudgeWorker() }
                return Known(id: id, until: .after(.milliseconds(Self.trust.underWay)))
            case .none(let seconds):
                let pause = Int(min(max(seconds * 1000, Double(Self.trust.none.lowerBound)), Double(Self.trust.none.upperBound)))
                return Known(id: nil, until: .after(.milliseconds(pause)))
            }
        } catch {
            return Known(id: nil, until: .after(.milliseconds(Self.trust.failed)))
        }
    }
}
