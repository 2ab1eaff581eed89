internal import EventLoop
internal import Store

/// The clients of one loop that watch ingestions, and the one connection that listens for all of them. A ring is a hint only: each
/// watcher looks at the table, and looks without a ring every few seconds too.
final class EventRoom {
    private let loop: Loop
    private let store: Store
    private let most: Int
    /// By ingestion.
    private var watching: [String: [Waiter]] = [:]
    private var count = 0
    private let bell: Waiter
    private(set) var isOver = false

    /// `most`: watchers at a time.
    init(_ loop: Loop, store: Store, most: Int) {
        self.loop = loop
        self.store = store
        self.most = most
        bell = Waiter(loop)
    }

    /// nil where there is no place. The seat is given back when it is let go of.
    func enter(_ ingestion: String) -> EventSeat? {
        if isOver || count >= most { return nil }
        count += 1
        bell.wake()
        let waiter = Waiter(loop)
        watching[ingestion, default: []].append(waiter)
        return EventSeat(self, ingestion, waiter)
    }

    fileprivate func leave(_ ingestion: String, _ waiter: Waiter) {
        count -= 1
        watching[ingestion]?.removeAll { $0 === waiter }
        if watching[ingestion]?.isEmpty == true { watching[ingestion] = nil }
    }

    /// Listens while anybody watches, until the loop closes or `end`.
    func hear() async {
        var pause = Duration.milliseconds(100)
        while !isOver && !loop.isClosing {
            if count == 0 {
                try? await bell.wait()
                continue
            }
            do {
                try await store.hearEvents(while: { self.count > 0 && !self.isOver }) { ingestion in
                    pause = .milliseconds(100)
                    self.ring(ingestion)
                }
            } catch {
                // The watchers go on looking meanwhile.
                do { try await loop.sleep(for: pause / 2 + pause / 2 * Double.random(in: 0...1)) } catch { return }
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    /// nil: something may have been missed.
    private func ring(_ ingestion: String?) {
        if let ingestion {
            for waiter in watching[ingestion] ?? [] { waiter.wake() }
        } else {
            for waiter in watching.values.joined() { waiter.wake() }
        }
    }

    /// The service stops: nobody waits any more.
    func end() {
        isOver = true
        bell.wake()
        ring(nil)
    }
}

/// A place among those who watch.
final class EventSeat {
    private let room: EventRoom
    private let ingestion: String
    private let waiter: Waiter

    fileprivate init(_ room: EventRoom, _ ingestion: String, _ waiter: Waiter) {
        self.room = room
        self.ingestion = ingestion
        self.waiter = waiter
    }

    deinit { room.leave(ingestion, waiter) }

    /// Until something may have happened, or the deadline; false where the service stops.
    func wait(until deadline: Deadline) async -> Bool {
        if room.isOver { return false }
        do throws(WaitError) { try await waiter.wait(until: deadline) } catch { return error == .timedOut && !room.isOver }
        return !room.isOver
    }
}
