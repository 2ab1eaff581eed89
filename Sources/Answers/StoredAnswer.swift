internal import Codec

/// An answer as it is kept, with what says how long it holds. Times are of the wall clock, in milliseconds since 1970.
struct StoredAnswer: Sendable, Equatable {
    struct Header: Sendable, Equatable { let name: String, value: String }

    var body: [UInt8]
    var contentType: String
    var etag: String
    var headers: [Header]
    var nextCursor: String?
    /// The dataset's version that it was made of.
    var version: Int64
    var storedAt: Int64
    var validUntil: Int64
    /// Slots of today that are due and might be had.
    var lacking: [TodayLack] = []

    var term: Term { Term(version: version, storedAt: storedAt, validUntil: validUntil) }

    func isValid(at now: Int64) -> Bool { term.isValid(at: now) }

    /// A strong validator (RFC 9110 section 8.8.3): equal answers have equal ones, on every machine. Of a form whose body says
    /// neither its coverage nor its next page, the fields that do are part of what must be equal.
    static func etag(of body: [UInt8], headers: [Header] = [], nextCursor: String? = nil) -> String {
        var digest = SHA256()
        digest.update(body)
        for header in headers { digest.update(Array("\n\(header.name): \(header.value)".utf8)) }
        if let nextCursor { digest.update(Array("\n\(nextCursor)".utf8)) }
        return "\"\(Hex.encode(Array(digest.finish().prefix(16))))\""
    }

    /// As it is given out while the store is away: who gets it must ask again.
    func staleAnswer(at now: Int64) -> Answer {
        Answer(
            body: body, contentType: contentType, etag: etag, age: AnswerAge(seconds: term.age(at: now).seconds, left: 0),
            cacheStatus: Answer.stale, headers: headers.map { ($0.name, $0.value) }, nextCursor: nextCursor, term: nil)
    }

    /// As it is given out now; `status` nil where it came from a cache.
    func answer(at now: Int64, status: String? = nil) -> Answer {
        let age = term.age(at: now)
        return Answer(
            body: body, contentType: contentType, etag: etag, age: age, cacheStatus: status ?? age.hit,
            headers: headers.map { ($0.name, $0.value) }, nextCursor: nextCursor, term: term,
            lacking: lacking)
    }
}

// MARK: - As bytes in Redis

extension StoredAnswer {
    /// Raised when what an answer says, or the form below, changes.
    static let schema = 3
    private static let magic = Array("gapless answer \(schema)\n".utf8)
    private static let sumLength = 16

    /// Magic, then every field with its length in front, then the first half of the SHA-256 of all that.
    func encoded(key: String) -> [UInt8] {
        var bytes = StoredAnswer.magic
        bytes.reserveCapacity(body.count + 512)
        func add(_ field: some Collection<UInt8>) {
            withUnsafeBytes(of: UInt32(field.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: field)
        }
        func add(_ number: Int64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
        add(key.utf8)
        add(version)
        add(storedAt)
        add(validUntil)
        add(contentType.utf8)
        add(etag.utf8)
        add((nextCursor ?? "").utf8)
        add(Int64(headers.count))
        for header in headers {
            add(header.name.utf8)
            add(header.value.utf8)
        }
        add(Int64(lacking.count))
        for lack in lacking {
            add(lack.channel.utf8)
            add(lack.dueAt)
        }
        add(body)
        return bytes + SHA256.hash(bytes).prefix(StoredAnswer.sumLength)
    }

    /// nil for everything but what `encoded` made under this key.
    init?(decoding bytes: [UInt8], key: String) {
        let magic = StoredAnswer.magic
        let end = bytes.count - StoredAnswer.sumLength
        guard end > magic.count, bytes[..<magic.count].elementsEqual(magic),
            SHA256.prefix(StoredAnswer.sumLength, of: bytes[..<end]) == bytes[end...]
        else { return nil }
        var reader = FieldReader(rest: bytes[magic.count..<end])
        guard reader.text() == key, let version = reader.number(), let storedAt = reader.number(), let validUntil = reader.number(),
            let contentType = reader.text(), let etag = reader.text(), let cursor = reader.text(), let count = reader.number(),
            (0...16).contains(count)
        else { return nil }
        var headers: [Header] = []
        for _ in 0..<count {
            guard let name = reader.text(), let value = reader.text() else { return nil }
            headers.append(Header(name: name, value: value))
        }
        guard let channels = reader.number(), (0...1000).contains(channels) else { return nil }
        var lacking: [TodayLack] = []
        for _ in 0..<channels {
            guard let channel = reader.text(), let dueAt = reader.number() else { return nil }
            lacking.append(TodayLack(channel: channel, dueAt: dueAt))
        }
        guard let body = reader.field(), reader.rest.isEmpty else { return nil }
        self.init(
            body: Array(body), contentType: contentType, etag: etag, headers: headers, nextCursor: cursor.isEmpty ? nil : cursor,
            version: version, storedAt: storedAt, validUntil: validUntil, lacking: lacking)
    }

    private struct FieldReader {
        var rest: ArraySlice<UInt8>

        mutating func number() -> Int64? {
            guard rest.count >= 8 else { return nil }
            var value: UInt64 = 0
            for byte in rest.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
            rest = rest.dropFirst(8)
            return Int64(bitPattern: value)
        }

        mutating func field() -> ArraySlice<UInt8>? {
            guard rest.count >= 4 else { return nil }
            var length = 0
            for byte in rest.prefix(4).reversed() { length = length << 8 | Int(byte) }
            guard rest.count - 4 >= length else { return nil }
            let field = rest.dropFirst(4).prefix(length)
            rest = rest.dropFirst(4 + length)
            return field
        }

        mutating func text() -> String? { field().flatMap { String(validating: $0, as: UTF8.self) } }
    }
}

extension SHA256 {
    fileprivate static func prefix(_ length: Int, of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var digest = SHA256()
        digest.update(bytes)
        return digest.finish().prefix(length)
    }
}
