internal import Glibc

/// Parses the head of a request, strictly and in pieces: give it all bytes of the head that have come so far, again and
/// again; it looks at each byte for a line's end once and at each whole line once, so that a slow sender costs no more
/// than a fast one. The contract is that of picohttpparser; the strictness is RFC 9112's with every leniency left out:
/// no folded fields, no bare line feeds, no space before a colon.
struct HeadParser {
    enum Outcome: Equatable {
        case needMore
        /// The head is complete and takes this many bytes.
        case complete(Int)
        case bad(Refusal)
    }

    private enum Place { case start, fields, done }

    let limits: Limits
    private(set) var head = Head()
    private var place = Place.start
    /// Where the line begins that is not complete yet, and up to where its end was looked for.
    private var lineStart = 0
    private var scanned = 0
    private var hostFields = 0
    private var connectionSaysClose = false
    private var connectionSaysKeep = false
    private var skippedLine = false

    init(limits: Limits) { self.limits = limits }

    /// A byte of the head has come.
    var isUnderWay: Bool { scanned > 0 }

    /// Gives the head away and starts anew.
    mutating func takeHead() -> Head {
        var taken = Head()
        swap(&taken, &head)
        place = .start
        (lineStart, scanned, hostFields) = (0, 0, 0)
        (connectionSaysClose, connectionSaysKeep, skippedLine) = (false, false, false)
        return taken
    }

    mutating func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> Outcome {
        do throws(Refusal) {
            while true {
                guard let lineFeed = lineEnd(bytes) else {
                    try checkUnfinished(bytes)
                    return .needMore
                }
                if lineFeed == lineStart || bytes[lineFeed - 1] != 0x0D {
                    // Its length comes first: it would have been seen, had the line come in two pieces.
                    try checkUnfinished(UnsafeBufferPointer(rebasing: bytes[..<lineFeed]))
                    throw Refusal(400, "A line ends without a carriage return.")
                }
                let line = lineStart..<lineFeed - 1
                lineStart = lineFeed + 1
                if try take(line, bytes) { return .complete(lineStart) }
            }
        } catch {
            return .bad(error)
        }
    }

    private mutating func lineEnd(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard scanned < bytes.count, let start = bytes.baseAddress, let found = memchr(start + scanned, 0x0A, bytes.count - scanned)
        else {
            scanned = bytes.count
            return nil
        }
        let place = UnsafeRawPointer(start).distance(to: UnsafeRawPointer(found))
        scanned = place + 1
        return place
    }

    /// What can be refused before a line is whole: lengths, and a first byte that begins no request (TLS to a plain port).
    private func checkUnfinished(_ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        switch place {
        case .start:
            try checkFirst(lineStart..<bytes.count, bytes)
            if exceeds(bytes, from: lineStart, limits.requestLine) { throw Refusal(414, "The request line is too long.") }
        case .fields, .done:
            if exceeds(bytes, from: 0, limits.head) { throw Refusal(431, "The header section is too long.") }
        }
    }

    /// Looked at before the length, of a whole line as of one that is not: or the cut would decide which refusal it is.
    private func checkFirst(_ line: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        if !line.isEmpty, !Grammar.isToken(bytes[line.lowerBound]), bytes[line.lowerBound] != 0x0D {
            throw Refusal(400, "This is not an HTTP request.")
        }
    }

    /// The carriage return of the line's end does not count: a line is taken or not however it was cut.
    private func exceeds(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ limit: Int) -> Bool {
        let count = bytes.count - start
        return count > limit && (count > limit + 1 || bytes[bytes.count - 1] != 0x0D)
    }

    /// One whole line, without its end; true where it ended the head.
    private mutating func take(_ line: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Bool {
        if place == .start {
            if line.isEmpty {
                // One empty line before a request is what old clients send after a body (RFC 9112, section 2.2).
                if skippedLine { throw Refusal(400, "There is no request line.") }
                skippedLine = true
                return false
            }
            try checkFirst(line, bytes)
            if line.count > limits.requestLine { throw Refusal(414, "The request line is too long.") }
            try RequestLine.parse(line, bytes, into: &head)
            head.fields.reserveCapacity(12)
            place = .fields
            return false
        }
        if line.upperBound > limits.head { throw Refusal(431, "The header section is too long.") }
        if line.isEmpty {
            try finish()
            place = .done
            return true
        }
        try takeField(line, bytes)
        return false
    }

    private mutating func takeField(_ line: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        if head.fields.count == limits.fields { throw Refusal(431, "There are too many header fields.") }
        var colon = line.lowerBound
        while colon < line.upperBound, Grammar.isToken(bytes[colon]) { colon += 1 }
        if colon == line.lowerBound || colon == line.upperBound || bytes[colon] != UInt8(ascii: ":") {
            throw Refusal(400, "A header field's name is malformed, or the field is folded.")
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        for i in start..<end where !Grammar.isValue(bytes[i]) { throw Refusal(400, "A header field's value has a control character.") }
        head.fields.append(Field(
            nameStart: UInt32(line.lowerBound), valueStart: UInt32(start),
            nameCount: UInt16(colon - line.lowerBound), valueCount: UInt16(end - start)))
        let name = UnsafeBufferPointer(rebasing: bytes[line.lowerBound..<colon])
        switch name.count {
        case 4, 6, 10, 12, 14, 17: try notice(name, start..<end, bytes)
        default: break
        }
    }

    /// The fields that decide where the message ends and what becomes of the connection.
    private mutating func notice(
        _ name: UnsafeBufferPointer<UInt8>, _ value: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Refusal) {
        let text = UnsafeBufferPointer(rebasing: bytes[value])
        if Grammar.equalIgnoringCase(name, "host") {
            hostFields += 1
            if hostFields > 1 { throw Refusal(400, "There is more than one Host field.") }
            if !RequestLine.isHost(text) { throw Refusal(400, "The Host field is malformed.") }
            // The authority of an absolute target wins.
            if head.host.isEmpty { head.host = value }
        } else if Grammar.equalIgnoringCase(name, "content-length") {
            if head.contentLength != nil { throw Refusal(400, "There is more than one Content-Length field.") }
            head.contentLength = try Self.length(text)
        } else if Grammar.equalIgnoringCase(name, "transfer-encoding") {
            if head.isChunked { throw Refusal(400, "There is more than one Transfer-Encoding field.") }
            try Self.coding(text)
            head.isChunked = true
        } else if Grammar.equalIgnoringCase(name, "content_length") || Grammar.equalIgnoringCase(name, "transfer_encoding") {
            // What turns hyphens into underscores (CGI and its children) reads these as framing; somebody hopes for that.
            throw Refusal(400, "A field looks like framing and is none.")
        } else if Grammar.equalIgnoringCase(name, "connection") {
            ListElements.forEach(text) { element in
                if Grammar.equalIgnoringCase(element, "close") { connectionSaysClose = true }
                if Grammar.equalIgnoringCase(element, "keep-alive") { connectionSaysKeep = true }
            }
        } else if Grammar.equalIgnoringCase(name, "expect") {
            if !Grammar.equalIgnoringCase(text, "100-continue") { throw Refusal(417, "Only Expect: 100-continue is understood.") }
            head.expectsContinue = true
        } else if Grammar.equalIgnoringCase(name, "x-request-id"), isRequestID(text) {
            head.requestID = value
        }
    }

    private func isRequestID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.isEmpty || text.count > 64 { return false }
        for byte in text {
            let letter = (byte | 0x20) &- 0x61 < 26
            if !letter && !Grammar.isDigit(byte) && byte != UInt8(ascii: "-") { return false }
        }
        return true
    }

    private static func length(_ text: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Int {
        if text.isEmpty { throw Refusal(400, "The Content-Length is no number.") }
        var value = 0
        for byte in text {
            if !Grammar.isDigit(byte) { throw Refusal(400, "The Content-Length is no number.") }
            let (product, over) = value.multipliedReportingOverflow(by: 10)
            let (sum, overToo) = product.addingReportingOverflow(Int(byte - 0x30))
            if over || overToo { throw Refusal(400, "The Content-Length is beyond any body.") }
            value = sum
        }
        return value
    }

    /// Exactly `chunked`. Another coding under it is not implemented (501, RFC 9112, section 6.1); a list that does not end
    /// in one `chunked` has no end that could be found (400, section 6.3).
    private static func coding(_ text: UnsafeBufferPointer<UInt8>) throws(Refusal) {
        if Grammar.equalIgnoringCase(text, "chunked") { return }
        var chunked = 0
        var endsChunked = false
        ListElements.forEach(text) { element in
            endsChunked = Grammar.equalIgnoringCase(element, "chunked")
            if endsChunked { chunked += 1 }
        }
        if chunked != 1 || !endsChunked || text.last == UInt8(ascii: ",") || text.first == UInt8(ascii: ",") {
            throw Refusal(400, "The Transfer-Encoding does not end in one chunked.")
        }
        throw Refusal(501, "Only Transfer-Encoding: chunked is implemented.")
    }

    private mutating func finish() throws(Refusal) {
        if head.minor == 1 && hostFields == 0 { throw Refusal(400, "The Host field is missing.") }
        if head.isChunked {
            if head.contentLength != nil { throw Refusal(400, "Content-Length and Transfer-Encoding exclude each other.") }
            if head.minor == 0 { throw Refusal(400, "HTTP/1.0 has no Transfer-Encoding.") }
        }
        if head.minor == 0 { head.expectsContinue = false }
        head.keepsAlive = !connectionSaysClose && (head.minor == 1 || connectionSaysKeep)
    }
}

/// The elements of a comma-separated field value (RFC 9110, section 5.6.1), trimmed; empty ones are left out.
enum ListElements {
    static func forEach(_ text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        var start = 0
        while start <= text.count {
            var end = start
            while end < text.count, text[end] != UInt8(ascii: ",") { end += 1 }
            var first = start
            var last = end
            while first < last, text[first] == 0x20 || text[first] == 0x09 { first += 1 }
            while last > first, text[last - 1] == 0x20 || text[last - 1] == 0x09 { last -= 1 }
            if first < last { body(UnsafeBufferPointer(rebasing: text[first..<last])) }
            start = end + 1
        }
    }
}
