internal import CPostgres
package import EventLoop

/// No connection came free within the wait that was allowed.
package struct PoolTimeout: Error, Sendable, Equatable, CustomStringConvertible {
    package let size: Int
    package var description: String { "none of \(size) database connections came free in time" }
}

/// The connections of one loop. Not `Sendable`.
///
/// A freed connection goes straight to who has waited longest. While the server is gone, one caller at a time tries to
/// reach it, with back-off and jitter, and everybody else fails at once; nothing runs in the background, so a pool that
/// nobody uses does nothing (a readiness check is a use).
package final class PostgresPool {
    package enum Health: Sendable, Equatable {
        /// Nobody asked yet.
        case unknown
        case up
        /// The last try to connect failed so.
        case down(PostgresError)
    }

    /// Somebody who waits: gets a connection, the right to make one, or an error.
    private final class Applicant {
        enum Grant { case connection(PostgresConnection), mayConnect, refused(PostgresError) }
        let waiter: Waiter
        var grant: Grant?
        init(_ loop: Loop) { waiter = Waiter(loop) }
    }

    package let loop: Loop
    package let configuration: PostgresConfiguration
    package let size: Int
    /// How long a lease waits for a connection to come free; making a new one may take as long again.
    package let waitLimit: Duration
    package private(set) var health = Health.unknown

    /// Sessions that were tried to be opened, ever.
    package private(set) var connectsTried = 0

    private var idle: [PostgresConnection] = []
    private var leased = 0 { didSet { gauge.inUse = leased } }
    private var isConnecting = false
    private var applicants: [Applicant] = [] { didSet { gauge.waiting = applicants.count } }
    /// The same counts, for any thread to read.
    package let gauge: PoolGauge
    private var backoff: Backoff
    /// Of the last try to connect, nil where it succeeded.
    private var lastFailure: PostgresError?
    private var isClosed = false

    package init(
        _ configuration: PostgresConfiguration, size: Int, on loop: Loop, waitLimit: Duration = .seconds(2),
        backoff: Backoff = Backoff(first: .milliseconds(50), cap: .seconds(2))
    ) {
        precondition(size > 0, "a pool of no connections")
        self.configuration = configuration
        self.size = size
        gauge = PoolGauge(size: size)
        self.loop = loop
        self.waitLimit = waitLimit
        self.backoff = backoff
    }

    package var idleCount: Int { idle.count }
    package var leasedCount: Int { leased }
    package var waitingCount: Int { applicants.count }

    /// Lends a connection to `body`. It comes back, unless `body` left it broken or in a transaction: then it is closed.
    /// Throws `PoolTimeout`, or `PostgresError` at once while the server is known to be gone.
    package func lease<T>(until deadline: Deadline = .never, _ body: (PostgresConnection) async throws -> T) async throws -> T {
        let connection = try await acquire(until: min(deadline, .after(waitLimit)))
        defer { release(connection) }
        return try await body(connection)
    }

    /// One statement on a leased connection.
    @discardableResult
    package func query(_ sql: SQL, until deadline: Deadline? = nil) async throws -> Rows {
        try await lease(until: deadline ?? .never) { connection in try await connection.query(sql, until: deadline) }
    }

    /// One statement that may safely run twice (it changes nothing): repeated once, on a new connection, where the one at
    /// hand turns out to be dead.
    package func read(_ sql: SQL, until deadline: Deadline? = nil) async throws -> Rows {
        do {
            return try await query(sql, until: deadline)
        } catch let error as PostgresError where error.meansDeadSession {
            return try await query(sql, until: deadline)
        }
    }

    /// A transaction on a leased connection. Where the session turns out to be dead before anything but BEGIN was sent, it
    /// is begun once more on another; later failures are the caller's to judge.
    package func transaction<T>(until deadline: Deadline? = nil, _ body: (PostgresConnection) async throws -> T) async throws -> T {
        var hasBegun = false
        func once() async throws -> T {
            try await lease(until: deadline ?? .never) { connection in
                try await connection.transaction(until: deadline) { connection in
                    hasBegun = true
                    return try await body(connection)
                }
            }
        }
        do {
            return try await once()
        } catch let error as PostgresError where !hasBegun && error.meansDeadSession {
            return try await once()
        }
    }

    /// Asks the server for an answer; `health` says the outcome. For /readyz.
    package func check(until deadline: Deadline) async -> Bool {
        do {
            _ = try await read("select 1", until: deadline)
            return true
        } catch {
            return false
        }
    }

    /// Closes what is idle, and what is leased once it comes back; later leases fail.
    package func close() {
        isClosed = true
        idle.forEach { $0.close() }
        idle.removeAll()
        refuseAll(PostgresError(.closing, "the pool is closed"))
    }

    // MARK: Coming and going

    private func acquire(until deadline: Deadline) async throws -> PostgresConnection {
        if isClosed { throw PostgresError(.closing, "the pool is closed") }
        if applicants.isEmpty {
            while let connection = idle.popLast() {
                if connection.checkIdle() {
                    leased += 1
                    return connection
                }
            }
            if leased < size && !isConnecting && backoff.isOver { return try await connect(until: .after(waitLimit)) }
        }
        // Known to be gone: no session lives that could come free, and the one try that is allowed is under way or not due.
        if let lastFailure, leased == (isConnecting ? 1 : 0) { throw lastFailure }
        return try await wait(until: deadline)
    }

    private func wait(until deadline: Deadline) async throws -> PostgresConnection {
        let applicant = Applicant(loop)
        applicants.append(applicant)
        do throws(WaitError) {
            try await applicant.waiter.wait(until: deadline)
        } catch {
            applicants.removeAll { $0 === applicant }
            // A grant may have come between the deadline and this line: it must not be lost.
            if applicant.grant == nil {
                if error == .timedOut { throw PoolTimeout(size: size) }
                throw PostgresError(error)
            }
        }
        switch applicant.grant {
        case .connection(let connection): return connection
        case .refused(let error): throw error
        case .mayConnect, nil:
            isConnecting = false
            // Too late to make one within this caller's time, and no fault of the server: the next one may.
            if deadline <= .now {
                passOn()
                throw PoolTimeout(size: size)
            }
            return try await connect(until: .after(waitLimit))
        }
    }

    /// One at a time: a server that comes up is not met by a stampede.
    private func connect(until deadline: Deadline) async throws -> PostgresConnection {
        isConnecting = true
        leased += 1
        connectsTried += 1
        do {
            let connection = try await PostgresConnection.connect(configuration, on: loop, until: deadline)
            isConnecting = false
            lastFailure = nil
            health = .up
            backoff.reset()
            if isClosed { connection.close() }
            passOn()
            return connection
        } catch {
            isConnecting = false
            leased -= 1
            let failure = error as? PostgresError ?? PostgresError(.other, "\(error)")
            if failure.kind == .closing { throw failure }
            backoff.failed()
            lastFailure = failure
            if leased > 0 && failure.kind == .tooManyConnections { return try await wait(until: deadline) }
            health = .down(failure)
            // Where some sessions live, the waiters may still get one of those.
            if leased == 0 { refuseAll(failure) }
            throw failure
        }
    }

    private func release(_ connection: PostgresConnection) {
        leased -= 1
        if connection.isReusable { health = .up }
        if isClosed || !connection.isReusable {
            connection.close()
            passOn()
        } else if applicants.isEmpty {
            idle.append(connection)
        } else {
            leased += 1
            let first = applicants.removeFirst()
            first.grant = .connection(connection)
            first.waiter.wake()
        }
    }

    /// There is room for one more connection: the first who waits makes it.
    private func passOn() {
        guard !applicants.isEmpty, leased < size, !isConnecting else { return }
        if !backoff.isOver {
            if let lastFailure, leased == 0 { refuseAll(lastFailure) }
            return
        }
        isConnecting = true
        let first = applicants.removeFirst()
        first.grant = .mayConnect
        first.waiter.wake()
    }

    private func refuseAll(_ error: PostgresError) {
        let refused = applicants
        applicants.removeAll()
        for applicant in refused {
            applicant.grant = .refused(error)
            applicant.waiter.wake()
        }
    }
}

extension PostgresError {
    /// The session was ended from the other side: another one may do.
    fileprivate var meansDeadSession: Bool { kind == .connectionLost || kind == .shuttingDown }
}
