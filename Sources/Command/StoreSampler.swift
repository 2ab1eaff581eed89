internal import Bytes
internal import EventLoop
internal import Postgres
internal import Series
internal import Store

/// What the store says of itself, for `/metrics`: read at most once in a while, however often and by how many it is asked, and never
/// waited for longer than a scrape may take. While Postgres is away what was read last is told for a while, with its age.
final class StoreSampler {
    /// Slots of a dataset's horizon, by what the planner keeps apart (CMG: the source).
    struct Coverage: Sendable {
        let dataset: String
        let channel: String
        let tally: Tally
    }

    /// The latest scores of a dataset's series that are followed; of a dataset without rules there are none.
    struct Quality: Sendable {
        let dataset: String
        let belowGate: Int
        /// nil where nothing is scored.
        let lowest: Double?
    }

    struct Sample: Sendable {
        let figures: StoreFigures
        let coverage: [Coverage]
        let quality: [Quality]
        let takenAt: Deadline
        /// Real seconds that it took.
        let seconds: Double
    }

    /// The last sample that is still told, its age, and whether the last look succeeded.
    struct Reading: Sendable {
        let sample: Sample?
        let ageSeconds: Double
        let isUp: Bool
    }

    private static let interval = Duration.seconds(15)
    /// After a look that failed.
    private static let retry = Duration.seconds(3)
    /// Older ones say nothing of now.
    private static let oldestSeconds = 120.0
    private static let patience = Duration.milliseconds(1500)

    private let loop: Loop
    private let store: Store
    private let datasets: [Dataset]
    private let clock: ServiceClock
    private var last: Sample?
    private var isUp = false
    private var nextLook = Deadline(nanoseconds: 0)
    private var isLooking = false
    private var waiting: [Waiter] = []
    private var token: Local<StoreSampler>?

    init(on loop: isolated Loop, store: Store, datasets: [Dataset], clock: ServiceClock) {
        self.loop = loop
        self.store = store
        self.datasets = datasets
        self.clock = clock
        token = loop.keep(self)
    }

    func read() async -> Reading {
        if nextLook <= .now {
            if !isLooking, let token {
                isLooking = true
                loop.start { loop in await loop[token].look() }
            }
            let waiter = Waiter(loop)
            waiting.append(waiter)
            try? await waiter.wait(until: .after(Self.patience))
            waiting.removeAll { $0 === waiter }
        }
        let age = last?.takenAt.secondsAgo ?? 0
        // One that is under way longer than anybody waits for has not succeeded yet.
        let isWell = isUp && !(isLooking && age > 2 * 15)
        return Reading(sample: age <= Self.oldestSeconds ? last : nil, ageSeconds: age, isUp: isWell)
    }

    /// Asked by nobody: for the end.
    func close() { store.pool.close() }

    private func look() async {
        let began = Deadline.now
        do {
            let figures = try await store.figures(now: clock.exactNow)
            let coverage = try await coverage()
            let quality = try await quality()
            let seconds = began.secondsAgo
            last = Sample(figures: figures, coverage: coverage, quality: quality, takenAt: .now, seconds: seconds)
            isUp = true
            nextLook = .after(Self.interval)
        } catch {
            isUp = false
            nextLook = .after(Self.retry)
        }
        isLooking = false
        for waiter in waiting { waiter.wake() }
    }

    private func quality() async throws -> [Quality] {
        var all: [Quality] = []
        for dataset in datasets where dataset.quality != nil {
            let latest = try await store.latestQuality(of: dataset).values.filter { dataset.follows($0.key) }
            all.append(Quality(dataset: dataset.name, belowGate: latest.count(where: \.isBelowGate), lowest: latest.map(\.score).min()))
        }
        return all
    }

    /// From the horizon's first day to now, as a report without a range.
    private func coverage() async throws -> [Coverage] {
        var all: [Coverage] = []
        for dataset in datasets {
            let now = clock.now
            let first = min(dataset.zone.start(of: dataset.zone.day(at: now).advanced(by: -dataset.horizonDays)), now)
            var tallies: [String: Tally] = [:]
            for one in try await store.ledgers(of: dataset, in: first..<now, now: now) {
                tallies[dataset.group(one.key), default: Tally()] += dataset.judged(one.ledger, now: now).tally(
                    in: dataset.slots(of: one.key, from: first, to: now), calendar: dataset.calendar(of: one.key),
                    dueBefore: dataset.dueBefore(one.key, now: now))
            }
            all += tallies.sorted { $0.key < $1.key }.map { Coverage(dataset: dataset.name, channel: $0.key, tally: $0.value) }
        }
        return all
    }
}
