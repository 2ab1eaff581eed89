internal import CPostgres
package import EventLoop
internal import Glibc

/// One session with the server, on one loop, used by one task at a time. Not `Sendable`; closed at the end of its life.
///
/// Every exchange ends by a deadline. An exchange that did not come to its end (a deadline, a broken socket) leaves the two
/// sides out of step, so it closes the connection; an error that the server answered does not.
package final class PostgresConnection {
    package let loop: Loop
    package let configuration: PostgresConfiguration
    private(set) var handle: OpaquePointer?
    var prepared = PreparedStatements()
    /// An exchange is under way: a second one now would read the first one's answer.
    private var isBusy = false
    /// Exchanges begun so far: what a pool looks at before it dares to repeat.
    package private(set) var exchanges = 0
    /// How long a statement's whole exchange may take where its caller names no deadline: the configuration's limit, but where somebody
    /// with the server's leave (`set local statement_timeout`) has heavier work in hand, and sets it back.
    package var answerTimeout: Duration

    private init(_ handle: OpaquePointer, _ configuration: PostgresConfiguration, on loop: Loop) {
        self.handle = handle
        self.configuration = configuration
        self.loop = loop
        answerTimeout = configuration.answerTimeout
    }

    deinit { if let handle { PQfinish(handle) } }

    /// Opens a session (libpq-connect.html, PQconnectPoll). Throws `PostgresError`.
    package static func connect(
        _ configuration: PostgresConfiguration, on loop: Loop, until limit: Deadline = .never
    ) async throws -> PostgresConnection {
        guard let handle = startConnecting(configuration.connectParameters()) else {
            throw PostgresError(.outOfResources, "no memory for a connection")
        }
        let connection = PostgresConnection(handle, configuration, on: loop)
        do {
            let deadline = min(limit, .after(configuration.connectTimeout))
            try await connection.finishConnecting(until: deadline)
        } catch {
            connection.close()
            // The host may have moved: the next one to connect finds what was seen until then.
            configuration.hostName?.lookAgain()
            throw error
        }
        return connection
    }

    private static func startConnecting(_ parameters: [(key: String, value: String)]) -> OpaquePointer? {
        withCStrings(parameters.map(\.key)) { keys in
            withCStrings(parameters.map(\.value)) { values in PQconnectStartParams(keys, values, 0) }
        }
    }

    private func finishConnecting(until deadline: Deadline) async throws {
        let handle = try opened()
        if PQstatus(handle) == CONNECTION_BAD { throw PostgresError(connection: handle) }
        // Verbose, so that a refusal carries its SQLSTATE. And the default receiver of notices writes to stderr.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        _ = PQsetNoticeReceiver(handle, { _, _ in }, nil)
        var wanted = Interest.write
        while true {
            // libpq may have gone on to another socket (another host, TLS refused): ask each time.
            do throws(WaitError) {
                try await loop.ready(PQsocket(handle), wanted, until: deadline)
            } catch {
                throw PostgresError(error)
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_READING: wanted = .read
            case PGRES_POLLING_WRITING: wanted = .write
            case PGRES_POLLING_OK:
                PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
                guard PQsetnonblocking(handle, 1) == 0 else { throw PostgresError(connection: handle) }
                return
            default: throw PostgresError(connection: handle)
            }
        }
    }

    /// Ends the session. A second call does nothing.
    package func close() {
        guard let handle else { return }
        self.handle = nil
        PQfinish(handle)
    }

    // MARK: State

    package var isOpen: Bool {
        guard let handle else { return false }
        return PQstatus(handle) == CONNECTION_OK
    }

    /// Open, in no exchange and in no transaction: somebody else may have it.
    package var isReusable: Bool { isOpen && !isBusy && PQtransactionStatus(handle) == PQTRANS_IDLE }

    package var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// The process that serves this session (pg_stat_activity.pid).
    package var serverProcess: Int32 { handle.map { PQbackendPID($0) } ?? 0 }

    /// Looks, without waiting, whether the server has ended the session meanwhile; closes it then. One system call where
    /// nothing came.
    package func checkIdle() -> Bool {
        guard let handle, !isBusy else { return false }
        var byte: UInt8 = 0
        if recv(PQsocket(handle), &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) < 0, errno == EAGAIN { return isOpen }
        // Something came: a notice, or the farewell of a server that ends the session (libpq takes it for a notice too).
        // Twice, because the end of the stream is seen only once all before it was taken.
        if PQconsumeInput(handle) == 1, PQconsumeInput(handle) == 1, PQisBusy(handle) == 0, isOpen { return true }
        close()
        return false
    }

    func opened() throws -> OpaquePointer {
        guard let handle else { throw PostgresError(.connectionLost, "the connection is closed") }
        return handle
    }

    // MARK: The exchange (the dance of libpq-async.html)

    /// Runs one exchange. Whatever ends it early, other than an error that the server answered, closes the connection.
    func exchange<T>(until deadline: Deadline?, _ body: (OpaquePointer, Deadline) async throws -> T) async throws -> T {
        let handle = try opened()
        if isBusy { throw PostgresError(.misuse, "a second exchange on a connection that is in the midst of one") }
        isBusy = true
        exchanges += 1
        defer { isBusy = false }
        do {
            return try await body(handle, deadline ?? .after(answerTimeout))
        } catch let error as PostgresError where error.isAnswer && PQstatus(handle) == CONNECTION_OK {
            throw error
        } catch {
            close()
            throw (error as? WaitError).map { PostgresError($0) } ?? error
        }
    }

    /// Sends what libpq has queued. The server may be unable to take more until we take what it has sent, so input is
    /// consumed too: the wait is for room to write, cut short to look at the other direction.
    func flush(_ handle: OpaquePointer, until deadline: Deadline) async throws {
        while true {
            let left = PQflush(handle)
            if left == 0 { return }
            if left < 0 { throw PostgresError(connection: handle) }
            do throws(WaitError) {
                try await loop.ready(PQsocket(handle), .write, until: min(deadline, .after(.milliseconds(20))))
            } catch {
                if error != .timedOut || deadline <= .now { throw PostgresError(error) }
            }
            if PQconsumeInput(handle) == 0 { throw PostgresError(connection: handle) }
        }
    }

    /// The next result of the exchange, nil at its end.
    func nextResult(_ handle: OpaquePointer, until deadline: Deadline) async throws -> Rows? {
        // Busy is asked before waiting: with TLS the bytes may be in user space already, and the socket silent for good.
        while PQisBusy(handle) == 1 {
            try await loop.ready(PQsocket(handle), .read, until: deadline)
            // A server that ends the session says why before it hangs up: that answer was read, and is the better error.
            if PQconsumeInput(handle) == 0 && PQisBusy(handle) == 1 { throw PostgresError(connection: handle) }
        }
        return PQgetResult(handle).map { Rows(owning: $0) }
    }

    /// Drains the exchange: the last result, or the first error once everything is read.
    func lastResult(_ handle: OpaquePointer, until deadline: Deadline) async throws -> Rows {
        var last: Rows?
        var failure: PostgresError?
        while let rows = try await nextResult(handle, until: deadline) {
            switch PQresultStatus(rows.result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: last = rows
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                throw PostgresError(.misuse, "COPY where a plain statement was expected")
            default:
                let bad = PQstatus(handle) == CONNECTION_BAD
                if failure == nil { failure = PostgresError(result: rows.result, connectionIsBad: bad) }
            }
        }
        if let failure { throw failure }
        guard let last else { throw PostgresError(connection: handle) }
        return last
    }
}

/// Calls `body` with the strings as a null-terminated array of C strings.
private func withCStrings<T>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for string in strings {
        offsets.append(bytes.count)
        bytes += string.utf8.map { CChar(bitPattern: $0) } + [0]
    }
    return bytes.withUnsafeBufferPointer { buffer in
        var pointers: [UnsafePointer<CChar>?] = offsets.map { buffer.baseAddress! + $0 }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
