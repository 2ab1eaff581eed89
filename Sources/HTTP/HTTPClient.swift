package import EventLoop

/// A small client on the loop: one request, one connection, one answer held in memory. For the health command, for
/// attaching to a running service and for tests; upstreams are libcurl's.
package enum HTTPClient {
    package struct Answer: Sendable {
        package let status: Int
        /// In their order, names as they came.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        /// The first field of this name, whatever its case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package enum Failure: Error, Equatable, Sendable {
        /// What came is no answer, or is longer than the limit.
        case malformed(String)
        /// The connection ended before the answer did.
        case cut
    }

    /// The most that an answer may hold, head and framing included.
    package static let limit = 64 * 1024 * 1024

    /// Throws `SystemError`, `WaitError` or `Failure`.
    package static func get(
        _ address: Address, _ path: String, headers: [(String, String)] = [], on loop: Loop, until deadline: Deadline
    ) async throws -> Answer {
        try await send("GET", address, path, headers: headers, body: nil, on: loop, until: deadline)
    }

    package static func post(
        _ address: Address, _ path: String, headers: [(String, String)] = [], body: [UInt8], on loop: Loop, until deadline: Deadline
    ) async throws -> Answer {
        try await send("POST", address, path, headers: headers, body: body, on: loop, until: deadline)
    }

    package static func send(
        _ method: String, _ address: Address, _ path: String, headers: [(String, String)], body: [UInt8]?, on loop: Loop,
        until deadline: Deadline
    ) async throws -> Answer {
        let message = try request(method, address, path, headers, body)
        let stream = try await Stream.connect(to: address, on: loop, until: deadline)
        defer { stream.close() }
        var sent = 0
        while sent < message.count {
            if let count = try stream.sendNow(message, from: sent) {
                sent += count
            } else {
                try await stream.awaitReady(.write, until: deadline)
            }
        }
        var bytes: [UInt8] = []
        while true {
            if let answer = try AnswerParser.parse(bytes, method: method, ended: false) { return answer }
            let piece = try await stream.read(upTo: 64 * 1024, until: deadline)
            if piece.isEmpty {
                guard let answer = try AnswerParser.parse(bytes, method: method, ended: true) else { throw Failure.cut }
                return answer
            }
            bytes.append(contentsOf: piece)
            if bytes.count > limit { throw Failure.malformed("The answer is too long.") }
        }
    }

    private static func request(
        _ method: String, _ address: Address, _ path: String, _ headers: [(String, String)], _ body: [UInt8]?
    ) throws -> [UInt8] {
        var lines = HeaderLines()
        if !headers.contains(where: { $0.0.lowercased() == "host" }) {
            if case .tcp = address { lines.add("Host", address.description) } else { lines.add("Host", "localhost") }
        }
        for (name, value) in headers { lines.add(name, value) }
        lines.add("Connection", "close")
        if let body { lines.add("Content-Length", body.count) }
        let isTarget = path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        if lines.isRefused || !isTarget { throw Failure.malformed("The request could not be written.") }
        return Array("\(method) \(path) HTTP/1.1\r\n".utf8) + lines.bytes + [0x0D, 0x0A] + (body ?? [])
    }
}

/// Takes an answer apart once it is whole.
enum AnswerParser {
    /// nil while more must come. `ended`: nothing more will.
    static func parse(_ bytes: [UInt8], method: String, ended: Bool) throws -> HTTPClient.Answer? {
        var rest = bytes[...]
        while true {
            guard let end = headEnd(rest) else { return nil }
            let head = try parseHead(rest[..<end])
            let body = rest[(end + 4)...]
            // Interim answers come before the one that counts (RFC 9110, section 15.2).
            if (100..<200).contains(head.status) {
                rest = body
                continue
            }
            guard let whole = try parseBody(body, head, method: method, ended: ended) else { return nil }
            return HTTPClient.Answer(status: head.status, headers: head.fields, body: whole)
        }
    }

    private typealias AnswerHead = (status: Int, fields: [(name: String, value: String)])

    private static func headEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        var i = bytes.startIndex
        while i + 3 < bytes.endIndex {
            if bytes[i] == 0x0D, bytes[i + 1] == 0x0A, bytes[i + 2] == 0x0D, bytes[i + 3] == 0x0A { return i }
            i += 1
        }
        return nil
    }

    private static func parseHead(_ bytes: ArraySlice<UInt8>) throws -> AnswerHead {
        let lines = bytes.split(separator: 0x0A).map { String(decoding: $0.last == 0x0D ? $0.dropLast() : $0, as: UTF8.self) }
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw HTTPClient.Failure.malformed("The status line is malformed.")
        }
        let fields = try lines.dropFirst().map { line in
            guard let colon = line.firstIndex(of: ":") else { throw HTTPClient.Failure.malformed("A header field is malformed.") }
            let value = line[line.index(after: colon)...]
            return (String(line[..<colon]), String(value.drop(while: { $0 == " " })))
        }
        return (status, fields)
    }

    private static func parseBody(_ bytes: ArraySlice<UInt8>, _ head: AnswerHead, method: String, ended: Bool) throws -> [UInt8]? {
        if method == "HEAD" || Status.isBodiless(head.status) { return [] }
        func field(_ name: String) -> String? { head.fields.first { $0.name.lowercased() == name }?.value }
        if field("transfer-encoding") != nil {
            var decoder = ChunkDecoder(limits: .standard, limit: HTTPClient.limit)
            var body: [UInt8] = []
            switch bytes.withUnsafeBufferPointer({ decoder.decode($0, into: &body) }).outcome {
            case .complete: return body
            case .needMore: return nil
            case .bad(let refusal): throw HTTPClient.Failure.malformed(refusal.detail.description)
            }
        }
        if let text = field("content-length") {
            guard let length = Int(text), length >= 0 else { throw HTTPClient.Failure.malformed("The Content-Length is no number.") }
            return bytes.count >= length ? Array(bytes.prefix(length)) : nil
        }
        return ended ? Array(bytes) : nil
    }
}
