internal import EventLoop

/// What all requests of this process to one upstream have in common, whatever they are paced by: how many are under way at once, and
/// which calls were given up.
final class Traffic {
    let atOnceMax: Int
    /// Places taken: by requests under way, and by those that a budget is being asked for.
    private var taken = 0
    /// Who found no place, the one that has waited longest first.
    private var waiting: [Waiter] = []
    private var abandoned: Set<Int> = []
    /// By call: when its first request was let go.
    private var beginnings: [Int: Deadline] = [:]
    private(set) var isStopping = false

    init(atOnceMax: Int) { self.atOnceMax = max(1, atOnceMax) }

    var room: Int { max(0, atOnceMax - taken) }

    func take(_ count: Int = 1) { taken += count }

    /// Rings for all who wait: not each of them still wants what it waited for.
    func leave(_ count: Int = 1) {
        taken -= count
        if count > 0 { waiting.forEach { $0.wake() } }
    }

    func awaitRoom(_ bell: Waiter) { if !waiting.contains(where: { $0 === bell }) { waiting.append(bell) } }
    func dropWait(_ bell: Waiter) { if !waiting.isEmpty { waiting.removeAll { $0 === bell } } }

    func stop() { isStopping = true }

    // MARK: Calls

    func abandon(_ call: Int) { abandoned.insert(call) }
    func forget(_ call: Int) { abandoned.remove(call) }
    func isAbandoned(_ call: Int) -> Bool { isStopping || abandoned.contains(call) }

    func began(_ call: Int) { if beginnings[call] == nil { beginnings[call] = .now } }
    /// When the call's first request was let go, nil where none was. To be asked once, when the call is over.
    func takeBeginning(of call: Int) -> Deadline? { beginnings.removeValue(forKey: call) }
}
