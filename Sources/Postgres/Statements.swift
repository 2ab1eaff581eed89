internal import CPostgres
package import EventLoop

extension PostgresConnection {
    /// Runs one statement, prepared on first use in this session, with binary results. Throws `PostgresError`.
    /// `until` replaces the configuration's answer timeout.
    @discardableResult
    package func query(_ sql: SQL, until deadline: Deadline? = nil) async throws -> Rows {
        let key = PreparedStatements.Key(text: sql.text, types: sql.binds.map(\.type))
        let known = prepared.name(for: key)
        do {
            return try await run(known, key, sql.binds, until: deadline)
        } catch let error as PostgresError where known != nil && error.isStalePlan && !isInTransaction {
            // The table's columns changed since it was prepared. Nothing was done: prepare it anew, once.
            if let old = prepared.remove(key) { try await script("DEALLOCATE \(old)", until: deadline) }
            return try await run(nil, key, sql.binds, until: deadline)
        }
    }

    /// Runs one statement for its effect: how many rows it touched.
    @discardableResult
    package func execute(_ sql: SQL, until deadline: Deadline? = nil) async throws -> Int {
        try await query(sql, until: deadline).affected
    }

    /// Runs text of one or several statements without binds (the simple protocol): for migrations. Outside of a
    /// transaction the whole text is one (protocol-flow.html, multiple statements). The last statement's result.
    @discardableResult
    package func script(_ text: String, until deadline: Deadline? = nil) async throws -> Rows {
        try await exchange(until: deadline) { (handle, deadline) in
            if PQsendQuery(handle, text) != 1 { throw PostgresError(connection: handle) }
            try await self.flush(handle, until: deadline)
            return try await self.lastResult(handle, until: deadline)
        }
    }

    private func run(
        _ known: String?, _ key: PreparedStatements.Key, _ binds: [Bind], until deadline: Deadline?
    ) async throws -> Rows {
        let name: String
        if let known { name = known } else { name = try await prepare(key, until: deadline) }
        return try await exchange(until: deadline) { (handle, deadline) in
            if sendPrepared(handle, name, binds) != 1 { throw PostgresError(connection: handle) }
            try await self.flush(handle, until: deadline)
            return try await self.lastResult(handle, until: deadline)
        }
    }

    private func prepare(_ key: PreparedStatements.Key, until deadline: Deadline?) async throws -> String {
        let name = prepared.freshName()
        let types = key.types.map(\.rawValue)
        _ = try await exchange(until: deadline) { (handle, deadline) in
            if PQsendPrepare(handle, name, key.text, Int32(types.count), types) != 1 { throw PostgresError(connection: handle) }
            try await self.flush(handle, until: deadline)
            return try await self.lastResult(handle, until: deadline)
        }
        if let evicted = prepared.insert(name, for: key) { try await script("DEALLOCATE \(evicted)", until: deadline) }
        return name
    }
}

extension PostgresError {
    /// "cached plan must not change result type".
    fileprivate var isStalePlan: Bool { sqlstate == "0A000" && message.contains("cached plan") }
}

/// Hands the values to libpq, which copies them.
private func sendPrepared(_ handle: OpaquePointer, _ name: String, _ binds: [Bind]) -> Int32 {
    let lengths = binds.map { Int32(clamping: $0.bytes?.count ?? 0) }
    let formats = binds.map { Int32($0.isBinary ? 1 : 0) }
    // Joined, because a pointer into an array is good only inside its closure.
    var joined: [UInt8] = []
    var offsets: [Int?] = []
    joined.reserveCapacity(binds.reduce(1) { $0 + ($1.bytes?.count ?? 0) + 1 })
    for bind in binds {
        if let bytes = bind.bytes {
            offsets.append(joined.count)
            joined += bytes
        } else {
            offsets.append(nil)
        }
    }
    // An empty value needs an address too: a null pointer would be NULL.
    joined.append(0)
    return joined.withUnsafeBytes { buffer in
        let base = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
        let values: [UnsafePointer<CChar>?] = offsets.map { $0.map { base + $0 } }
        return PQsendQueryPrepared(handle, name, Int32(binds.count), values, lengths, formats, 1)
    }
}
