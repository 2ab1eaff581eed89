internal import Glibc

/// `method SP target SP version` (RFC 9112, section 3), single spaces only.
enum RequestLine {
    static func parse(_ line: Range<Int>, _ bytes: UnsafeBufferPointer<UInt8>, into head: inout Head) throws(Refusal) {
        var i = line.lowerBound
        while i < line.upperBound, Grammar.isToken(bytes[i]) { i += 1 }
        if i == line.lowerBound || i == line.upperBound || bytes[i] != 0x20 { throw Refusal(400, "The method is malformed.") }
        head.methodName = line.lowerBound..<i
        head.method = Method(UnsafeBufferPointer(rebasing: bytes[head.methodName]))
        let start = i + 1
        i = start
        i += Grammar.visible(UnsafeBufferPointer(rebasing: bytes[i..<line.upperBound]))
        if i == start || i == line.upperBound || bytes[i] != 0x20 { throw Refusal(400, "The request line is malformed.") }
        head.target = start..<i
        try version(UnsafeBufferPointer(rebasing: bytes[i + 1..<line.upperBound]), &head)
        try target(bytes, &head)
    }

    private static func version(_ text: UnsafeBufferPointer<UInt8>, _ head: inout Head) throws(Refusal) {
        if Grammar.equal(text, "HTTP/1.1") {
            head.minor = 1
        } else if Grammar.equal(text, "HTTP/1.0") {
            head.minor = 0
        } else if text.count == 8, Grammar.equal(UnsafeBufferPointer(rebasing: text[0..<5]), "HTTP/"),
            Grammar.isDigit(text[5]), text[6] == UInt8(ascii: "."), Grammar.isDigit(text[7]) {
            throw Refusal(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        } else {
            throw Refusal(400, "The version is malformed.")
        }
    }

    private static func target(_ bytes: UnsafeBufferPointer<UInt8>, _ head: inout Head) throws(Refusal) {
        var start = head.target.lowerBound
        let end = head.target.upperBound
        if head.method == .connect { throw Refusal(501, "This is no proxy.") }
        if bytes[start] != UInt8(ascii: "/") {
            if head.target.count == 1, bytes[start] == UInt8(ascii: "*") {
                if head.method != .options { throw Refusal(400, "The target * belongs to OPTIONS.") }
                head.isStar = true
                return
            }
            start = try authority(bytes, &head)
        }
        var i = start
        while i < end, bytes[i] != UInt8(ascii: "?") {
            if !Grammar.isPath(bytes[i]) { throw Refusal(400, "The path has a character that must be escaped.") }
            if bytes[i] == UInt8(ascii: "%") {
                head.pathIsEscaped = true
                // An escaped slash is read as two different paths by two programs in a row; NUL ends a path in C, a line's end a
                // line of somebody's log.
                guard let byte = escape(bytes, i, end), byte >= 0x20, byte != 0x7F, byte != UInt8(ascii: "/") else {
                    throw Refusal(400, "The path has an escape that is malformed or not taken.")
                }
                i += 2
            }
            i += 1
        }
        head.path = start..<i
        if hasDotSegment(UnsafeBufferPointer(rebasing: bytes[start..<i])) { throw Refusal(400, "The path has a dot segment.") }
        if i == end { return }
        i += 1
        head.query = i..<end
        while true {
            i += Grammar.plainQuery(UnsafeBufferPointer(rebasing: bytes[i..<end]))
            if i == end { return }
            if !Grammar.isQuery(bytes[i]) { throw Refusal(400, "The query has a character that must be escaped.") }
            if bytes[i] == UInt8(ascii: "%") {
                head.queryIsEscaped = true
                guard let byte = escape(bytes, i, end), byte != 0 else {
                    throw Refusal(400, "The query has an escape that is malformed or not taken.")
                }
                i += 2
            }
            i += 1
        }
    }

    /// `.` or `..` between slashes, escaped or not. Clients resolve them before they send (RFC 3986, section 5.2.4); two programs in
    /// a row that disagree on who does are a way around rules for paths.
    private static func hasDotSegment(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var i = 0
        while i < path.count {
            if path[i] != UInt8(ascii: "/") {
                i += 1
                continue
            }
            i += 1
            var dots = 0
            while true {
                if i < path.count, path[i] == UInt8(ascii: ".") {
                    i += 1
                } else if i + 2 < path.count, path[i] == UInt8(ascii: "%"), path[i + 1] == UInt8(ascii: "2"), path[i + 2] | 0x20 == 0x65 {
                    i += 3
                } else {
                    break
                }
                dots += 1
            }
            if (dots == 1 || dots == 2) && (i == path.count || path[i] == UInt8(ascii: "/")) { return true }
        }
        return false
    }

    private static func escape(_ bytes: UnsafeBufferPointer<UInt8>, _ i: Int, _ end: Int) -> UInt8? {
        guard i + 2 < end, let high = Grammar.hex(bytes[i + 1]), let low = Grammar.hex(bytes[i + 2]) else { return nil }
        return high << 4 | low
    }

    /// Takes `http://authority` of an absolute form; gives the place where the path begins.
    private static func authority(_ bytes: UnsafeBufferPointer<UInt8>, _ head: inout Head) throws(Refusal) -> Int {
        let target = UnsafeBufferPointer(rebasing: bytes[head.target])
        var prefix = 0
        if target.count > 7, Grammar.equalIgnoringCase(UnsafeBufferPointer(rebasing: target[0..<7]), "http://") { prefix = 7 }
        if target.count > 8, Grammar.equalIgnoringCase(UnsafeBufferPointer(rebasing: target[0..<8]), "https://") { prefix = 8 }
        if prefix == 0 { throw Refusal(400, "The target is malformed.") }
        var end = prefix
        while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") { end += 1 }
        let host = UnsafeBufferPointer(rebasing: target[prefix..<end])
        if host.isEmpty || !isHost(host) { throw Refusal(400, "The target's authority is malformed.") }
        head.host = head.target.lowerBound + prefix..<head.target.lowerBound + end
        return head.host.upperBound
    }

    /// uri-host [ ":" port ], without user information (RFC 9110, section 7.2), not empty (section 4.2.1). Of the names that RFC 3986
    /// would allow only those of letters, digits and `-._~`: a comma or a quote in a host is somebody's trick.
    static func isHost(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var i = 0
        if text.first == UInt8(ascii: "[") {
            while i < text.count, text[i] != UInt8(ascii: "]") { i += 1 }
            if i == text.count || !isIPv6(UnsafeBufferPointer(rebasing: text[1..<i])) { return false }
            i += 1
        } else {
            while i < text.count, isHostByte(text[i]) { i += 1 }
            if i == 0 { return false }
        }
        if i == text.count { return true }
        if text[i] != UInt8(ascii: ":") || text.count - i > 6 { return false }
        var port = 0
        for digit in text[(i + 1)...] {
            if !Grammar.isDigit(digit) { return false }
            port = port * 10 + Int(digit - 0x30)
        }
        return port <= 65535
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: (byte | 0x20) &- 0x61 < 26 || Grammar.isDigit(byte)
        }
    }

    private static func isIPv6(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        // The longest has 45 characters; no zone (RFC 3986, section 3.2.2).
        if text.isEmpty || text.count > 45 { return false }
        for byte in text where Grammar.hex(byte) == nil && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ".") { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &address) == 1
    }
}
