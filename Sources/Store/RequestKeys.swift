internal import Postgres

/// A client's own name for a request that changes something, so that sending it again does nothing again
/// (draft-ietf-httpapi-idempotency-key-header). Kept for 24 hours with the answer, in the transaction of what it did.
package struct RequestKey: Sendable {
    /// Who asks: keys of two clients never meet.
    package let client: String
    package let route: String
    package let key: String
    /// Equal digests mean equal bodies.
    package let bodyDigest: String

    package init(client: String, route: String, key: String, bodyDigest: String) {
        self.client = client
        self.route = route
        self.key = key
        self.bodyDigest = bodyDigest
    }
}

/// An answer as it is given again.
package struct KeptAnswer: Sendable, Equatable {
    package let status: Int
    package let location: String?
    package let contentLocation: String?
    package let body: [UInt8]

    package init(status: Int, location: String? = nil, contentLocation: String? = nil, body: [UInt8]) {
        self.status = status
        self.location = location
        self.contentLocation = contentLocation
        self.body = body
    }
}

/// Why nothing was done under a key.
package enum KeyRefusal: Error, Sendable {
    /// The first request of the key is not answered yet.
    case underWay
    /// The key came with another body.
    case otherBody
    /// It was done before: this was the answer.
    case answered(KeptAnswer)
}

/// What a statement of the store does under a key: the key, and the answer that what was made comes to.
package struct Keeping<Made> {
    let key: RequestKey
    let answer: (Made) -> KeptAnswer

    package init(_ key: RequestKey, answer: @escaping (Made) -> KeptAnswer) {
        self.key = key
        self.answer = answer
    }

    /// The same key, for what something else is made of.
    package func of<Other>(_ make: @escaping (Other) -> Made) -> Keeping<Other> {
        let answer = answer
        return Keeping<Other>(key) { answer(make($0)) }
    }
}

extension Store {
    /// The answer that a key was given, nil where the key is new. Throws `KeyRefusal.otherBody`.
    package func answer(to key: RequestKey) async throws -> KeptAnswer? {
        try Self.answer(in: try await pool.read(Self.kept(key)), key)
    }

    /// Makes this transaction the one request of the key, to its end: a lock that dies with the session, so that no request
    /// is left under way for ever. Throws `KeyRefusal` where there is, or was, another.
    static func take(_ key: RequestKey, on connection: PostgresConnection) async throws {
        let name = "\(key.client)\n\(key.route)\n\(key.key)"
        let isFree = try await connection.query("select pg_try_advisory_xact_lock(hashtextextended(\(name), 5))").only().bool(0)
        // Looked at after the lock was had: who held it before has committed by then.
        if let answer = try answer(in: try await connection.query(kept(key)), key) { throw KeyRefusal.answered(answer) }
        if !isFree { throw KeyRefusal.underWay }
    }

    /// Keeps an answer for 24 hours.
    static func keep(_ answer: KeptAnswer, under key: RequestKey, on connection: PostgresConnection) async throws {
        _ = try await connection.query("""
            insert into request_keys (client, route, key, body_digest, status, location, content_location, body)
            values (\(key.client), \(key.route), \(key.key), \(key.bodyDigest), \(Int32(clamping: answer.status)), \(answer.location),
                \(answer.contentLocation), \(answer.body))
            on conflict (client, route, key) do update set body_digest = excluded.body_digest, status = excluded.status,
                location = excluded.location, content_location = excluded.content_location, body = excluded.body, created_at = now()
            """)
    }

    private static func kept(_ key: RequestKey) -> SQL {
        """
        select body_digest, status, location, content_location, body from request_keys
        where client = \(key.client) and route = \(key.route) and key = \(key.key) and created_at >= now() - interval '24 hours'
        """
    }

    private static func answer(in rows: Rows, _ key: RequestKey) throws -> KeptAnswer? {
        guard let row = rows.first else { return nil }
        if try row.string(0) != key.bodyDigest { throw KeyRefusal.otherBody }
        return KeptAnswer(
            status: try row.int(1), location: try row.stringOrNil(2), contentLocation: try row.stringOrNil(3), body: try row.bytes(4))
    }
}
