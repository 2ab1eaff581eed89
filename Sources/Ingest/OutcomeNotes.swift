internal import EventLoop
internal import Series
internal import Store

/// What becomes of one upstream's requests here, handed to the store in sums, so that every process sees how the upstream fares.
final class OutcomeNotes {
    private let upstream: String
    private let store: Store
    private let bell: Waiter
    private var counts: [String: Int] = [:]
    private var isStopping = false

    /// Real seconds between two hand-overs.
    private static let pause = Duration.seconds(2)

    init(upstream: String, store: Store, loop: Loop) {
        self.upstream = upstream
        self.store = store
        bell = Waiter(loop)
    }

    func addWell() { counts[UpstreamOutcomes.ok, default: 0] += 1 }

    func add(_ failure: CallFailure) {
        // What we broke off ourselves says nothing of the upstream.
        if !failure.isClosing { counts[failure.kind.word, default: 0] += 1 }
    }

    /// Until `stop`; hands over the rest then.
    func run() async {
        while !isStopping {
            do { try await bell.wait(until: .after(Self.pause)) } catch { if error == .closing { break } }
            await handOver()
        }
    }

    func stop() {
        isStopping = true
        bell.wake()
    }

    private func handOver() async {
        if counts.isEmpty { return }
        let mine = counts
        counts = [:]
        do {
            try await store.note(outcomes: [UpstreamOutcomes(upstream: upstream, counts: mine)])
        } catch {
            // The next sum has them. It may count twice what an outage hid the answer of: a judgement by shares does not mind.
            counts.merge(mine) { $0 + $1 }
        }
    }
}
