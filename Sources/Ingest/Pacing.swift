internal import EventLoop
internal import Series

/// What paces one upstream's requests in this process: an allowance for all that name no scope, and one for each scope that is in use;
/// where the upstream counts tokens, the gate of these before them.
/// One that nobody has wanted anything of for a while is dropped, with the task that asks the store for it.
final class Pacing {
    private let traffic: Traffic
    private let loop: Loop
    private let make: (String?) -> Allowance
    private let whole: Allowance
    let tokens: TokenGate?
    private var scoped: [String: Allowance] = [:]
    /// Those that nobody asks the store for yet.
    private var fresh: [String] = []
    private let bell: Waiter

    /// `make`: the allowance of a scope, or of all that names none.
    init(traffic: Traffic, loop: Loop, tokens: TokenGate? = nil, make: @escaping (_ scope: String?) -> Allowance) {
        self.tokens = tokens
        self.traffic = traffic
        self.loop = loop
        self.make = make
        whole = make(nil)
        bell = Waiter(loop)
    }

    /// How many scopes have an allowance now.
    var scopesInUse: Int { scoped.count }

    /// To be used at once: kept while something of it is wanted or under way.
    func allowance(for scope: String?) -> Allowance {
        guard let scope else { return whole }
        if let known = scoped[scope] { return known }
        let made = make(scope)
        scoped[scope] = made
        fresh.append(scope)
        bell.wake()
        return made
    }

    /// Requests that this call will want after those that wait already.
    func expect(_ requests: some Sequence<UpstreamRequest>, of call: Int) {
        // A scope's quota is small, and asked for one request after the other.
        whole.expect(requests.count { $0.scope == nil }, of: call)
    }

    /// Requests of this call that have not been sent yet are not to be sent.
    func abandon(_ call: Int) {
        traffic.abandon(call)
        tokens?.dismiss(call)
        whole.dismiss(call)
        scoped.values.forEach { $0.dismiss(call) }
    }

    func forget(_ call: Int) {
        traffic.forget(call)
        whole.expect(0, of: call)
    }

    func isAbandoned(_ call: Int) -> Bool { traffic.isAbandoned(call) }

    func takeBeginning(of call: Int) -> Deadline? { traffic.takeBeginning(of: call) }

    func stop() {
        traffic.stop()
        tokens?.stop()
        whole.stop()
        scoped.values.forEach { $0.stop() }
        bell.wake()
    }

    /// Works until `stop()`. `me` is this object's own token.
    func run(as me: Local<Pacing>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await me.loop.enter { loop in await loop[me].whole.run() } }
            if tokens != nil { group.addTask { await me.loop.enter { loop in await loop[me].tokens?.run() } } }
            while !traffic.isStopping && !loop.isClosing {
                for scope in fresh { group.addTask { await me.loop.enter { loop in await loop[me].run(scope) } } }
                fresh = []
                do { try await bell.wait() } catch { break }
            }
        }
    }

    private func run(_ scope: String) async {
        guard let allowance = scoped[scope] else { return }
        repeat { await allowance.run() } while !allowance.isIdle && !traffic.isStopping && !loop.isClosing
        // Nothing is awaited between the last look and this: nobody can have come in between.
        scoped[scope] = nil
    }
}
