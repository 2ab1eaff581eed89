internal import CCurl
package import EventLoop

/// Fetches on one loop: connections kept and shared, at most so many transfers at once, the others let in by order of
/// arrival. Not `Sendable`; lives on its loop.
///
/// There is no task of its own: one of the tasks that wait for a transfer drives curl for all of them, and hands that
/// duty on when its own transfer has ended.
package final class Fetcher {
    package struct Settings: Sendable {
        /// Transfers at once.
        package var concurrency = 16
        /// Idle connections that are kept (CURLMOPT_MAXCONNECTS(3)).
        package var keptConnections = 32
        package var agent = "gapless"

        package init() {}
    }

    package struct Counters: Sendable, Equatable {
        package var fetches = 0
        package var failures = 0
        package var connectionsOpened = 0
        package var bytesReceived = 0
        /// The most that were ever under way at once.
        package var peak = 0
    }

    package let loop: Loop
    package private(set) var counters = Counters()
    private let settings: Settings
    private let multi: Multi
    private var running: [ObjectIdentifier: Transfer] = [:]
    private var admitted = 0
    private var queue: [Ticket] = []
    private var isDriven = false
    private var isClosed = false

    package init(on loop: Loop, settings: Settings = Settings()) throws(SystemError) {
        self.loop = loop
        self.settings = settings
        multi = try Multi(keptConnections: settings.keptConnections)
    }

    package var inFlight: Int { running.count }
    package var waiting: Int { queue.count }

    /// One transfer, from request to whole answer. Waits for its turn first; `limits.total` counts from then on.
    package func fetch(_ fetch: Fetch) async throws(FetchError) -> Fetched {
        try await admission(of: fetch)
        defer { release() }
        let transfer = try Transfer(fetch, agent: settings.agent, on: loop)
        try multi.add(transfer)
        running[ObjectIdentifier(transfer)] = transfer
        counters.fetches += 1
        counters.peak = max(counters.peak, running.count)
        defer {
            multi.remove(transfer)
            running[ObjectIdentifier(transfer)] = nil
            // Whoever drove may have been this one.
            if !isDriven { running.first?.value.waiter.wake() }
        }
        while true {
            if let outcome = transfer.outcome {
                count(outcome)
                return try outcome.get()
            }
            do throws(WaitError) {
                if isDriven { try await transfer.waiter.wait() } else { try await drive(until: transfer) }
            } catch {
                transfer.fail(FetchError(.closing, fetch.place, "the loop is closing"))
            }
        }
    }

    /// Ends every transfer and every wait with `.closing`, and refuses new ones.
    package func close() {
        isClosed = true
        for transfer in Array(running.values) { transfer.fail(FetchError(.closing, transfer.place, "the fetcher is closing")) }
        for ticket in queue { ticket.waiter.wake() }
        multi.ring()
    }

    private func drive(until transfer: Transfer) async throws(WaitError) {
        isDriven = true
        defer { isDriven = false }
        while transfer.outcome == nil {
            do throws(WaitError) {
                try await loop.ready(multi.descriptor, .read, until: multi.deadline)
            } catch {
                if error != .timedOut { throw error }
            }
            multi.turn()
        }
    }

    // MARK: Admission

    private final class Ticket {
        let waiter: Waiter
        var isAdmitted = false
        init(_ loop: Loop) { waiter = Waiter(loop) }
    }

    private func admission(of fetch: Fetch) async throws(FetchError) {
        if isClosed { throw FetchError(.closing, fetch.place, "the fetcher is closing") }
        if admitted < settings.concurrency {
            admitted += 1
            return
        }
        let ticket = Ticket(loop)
        queue.append(ticket)
        let closing = await isClosing(while: ticket)
        queue.removeAll { $0 === ticket }
        if ticket.isAdmitted && !closing && !isClosed { return }
        if ticket.isAdmitted { release() }
        throw FetchError(.closing, fetch.place, "the fetcher is closing")
    }

    private func isClosing(while ticket: Ticket) async -> Bool {
        do throws(WaitError) {
            try await ticket.waiter.wait()
            return false
        } catch {
            return true
        }
    }

    /// Hands the place to the first in the queue, so that nobody who comes later can take it.
    private func release() {
        guard !queue.isEmpty else {
            admitted -= 1
            return
        }
        let next = queue.removeFirst()
        next.isAdmitted = true
        next.waiter.wake()
    }

    private func count(_ outcome: Result<Fetched, FetchError>) {
        switch outcome {
        case .success(let fetched):
            counters.connectionsOpened += fetched.connectionsOpened
            counters.bytesReceived += fetched.bytesReceived
        case .failure: counters.failures += 1
        }
    }
}
