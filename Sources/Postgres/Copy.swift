internal import CPostgres
internal import EventLoop

extension PostgresConnection {
    /// Runs `COPY ... FROM STDIN` and sends what `next` gives, until it gives nil; how many rows the server took. `stall`
    /// bounds each stretch without progress of the server. Whatever `next` throws ends the COPY with an error, so that
    /// none of its rows stay, and is thrown on (an end of input alone would be a good end).
    @discardableResult
    package func copyIn(
        _ statement: SQL, stall: Duration = .seconds(60), next: () async throws -> [UInt8]?
    ) async throws -> Int {
        precondition(statement.binds.isEmpty, "COPY takes no binds")
        let outcome: Result<Int, any Error> = try await exchange(until: .never) { (handle, _) in
            try await self.startCopy(handle, statement.text, PGRES_COPY_IN, until: .after(stall))
            while true {
                let chunk: [UInt8]?
                do { chunk = try await next() } catch { return try await self.giveUpCopy(handle, error, stall) }
                guard let chunk else { break }
                try await self.put(handle, chunk, stall)
            }
            try await self.endCopy(handle, nil, until: .after(stall))
            return .success(try await self.lastResult(handle, until: .after(stall)).affected)
        }
        return try outcome.get()
    }

    /// The producer failed, the connection did not: the server is told, and its refusal read, so that both stay in step.
    private func giveUpCopy(_ handle: OpaquePointer, _ cause: any Error, _ stall: Duration) async throws -> Result<Int, any Error> {
        try await endCopy(handle, "the producer failed", until: .after(stall))
        do {
            _ = try await lastResult(handle, until: .after(stall))
        } catch let refusal as PostgresError where refusal.isAnswer {
            return .failure(cause)
        }
        throw PostgresError(.misuse, "the server took a COPY that was given up")
    }

    /// Runs `COPY ... TO STDOUT` and hands each row's bytes to `take`; how many there were. A throw of `take` closes the
    /// connection: there is no other way to stop a COPY from this end.
    @discardableResult
    package func copyOut(
        _ statement: SQL, stall: Duration = .seconds(60), take: ([UInt8]) async throws -> Void
    ) async throws -> Int {
        precondition(statement.binds.isEmpty, "COPY takes no binds")
        return try await exchange(until: .never) { (handle, _) in
            try await self.startCopy(handle, statement.text, PGRES_COPY_OUT, until: .after(stall))
            while true {
                var buffer: UnsafeMutablePointer<CChar>?
                let count = PQgetCopyData(handle, &buffer, 1)
                if count > 0, let buffer {
                    let bytes = Array(UnsafeRawBufferPointer(start: buffer, count: Int(count)))
                    PQfreemem(buffer)
                    try await take(bytes)
                } else if count == 0 {
                    try await self.loop.ready(PQsocket(handle), .read, until: .after(stall))
                    if PQconsumeInput(handle) == 0 { throw PostgresError(connection: handle) }
                } else if count == -1 {
                    return try await self.lastResult(handle, until: .after(stall)).affected
                } else {
                    throw PostgresError(connection: handle)
                }
            }
        }
    }

    private func startCopy(
        _ handle: OpaquePointer, _ text: String, _ direction: ExecStatusType, until deadline: Deadline
    ) async throws {
        if PQsendQuery(handle, text) != 1 { throw PostgresError(connection: handle) }
        try await flush(handle, until: deadline)
        guard let first = try await nextResult(handle, until: deadline) else { throw PostgresError(connection: handle) }
        if PQresultStatus(first.result) == direction { return }
        let bad = PQstatus(handle) == CONNECTION_BAD
        let failure = PostgresError(result: first.result, connectionIsBad: bad)
        while try await nextResult(handle, until: deadline) != nil {}
        if !failure.sqlstate.isEmpty || bad { throw failure }
        var misuse = PostgresError(.misuse, "not a COPY in this direction")
        misuse.isAnswer = true
        throw misuse
    }

    /// Gives libpq pieces of at most 256 KiB and sends each, so that its buffer stays small whatever the chunk is.
    private func put(_ handle: OpaquePointer, _ chunk: [UInt8], _ stall: Duration) async throws {
        var offset = 0
        while offset < chunk.count {
            let count = min(chunk.count - offset, 256 * 1024)
            let queued = chunk.withUnsafeBytes { bytes in
                PQputCopyData(handle, (bytes.baseAddress! + offset).assumingMemoryBound(to: CChar.self), Int32(count))
            }
            if queued < 0 { throw PostgresError(connection: handle) }
            if queued == 1 { offset += count }
            try await flush(handle, until: .after(stall))
        }
    }

    private func endCopy(_ handle: OpaquePointer, _ failure: String?, until deadline: Deadline) async throws {
        while true {
            let queued = PQputCopyEnd(handle, failure)
            if queued < 0 { throw PostgresError(connection: handle) }
            try await flush(handle, until: deadline)
            if queued == 1 { return }
        }
    }
}
