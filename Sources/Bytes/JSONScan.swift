/// The grammar of RFC 8259 as functions from an offset to an offset. They keep nothing and allocate nothing: whoever reads JSON here
/// (the reader, the skipper, the syntax check) walks with them.
enum JSONScan {
    static let depthLimit = 64

    /// The first offset at or after `start` that is no white space (section 2).
    static func space(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count {
            let byte = text[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            index += 1
        }
        return index
    }

    /// Walks a string from the byte after its opening quote; `end` is the offset of the closing quote.
    ///
    /// Eight bytes at a time while they are plain ASCII: upstream pages are mostly that, and this loop is most of the work.
    static func string(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> (end: Int, escaped: Bool) {
        var index = start
        var escaped = false
        while true {
            index = plain(text, from: index)
            guard index < text.count else { throw JSONError(.endsEarly, at: index) }
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""): return (index, escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                index = try escape(text, at: index).next
            case 0: throw JSONError(.nul, at: index)
            case 1..<0x20: throw JSONError(.controlCharacter, at: index)
            case 0x80...:
                guard let next = UTF8Check.sequence(text, at: index) else { throw JSONError(.invalidUTF8, at: index) }
                index = next
            default: index += 1
            }
        }
    }

    /// The first offset at or after `start` that may need a look: a quote, a backslash, a control character, a byte over 0x7F,
    /// or one of the last seven bytes.
    private static func plain(_ text: Span<UInt8>, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let raw = text.bytes
        var index = start
        while index + 8 <= raw.byteCount {
            let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            // In each term the lowest marked byte is exact; a false mark can only stand above a true one.
            let marks = ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | ((word &- (ones &* 0x20)) & ~word) | word
            let found = marks & (ones &* 0x80)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        return index
    }

    /// Reads the escape whose backslash is at `start`: the scalar it stands for, and the offset after it. A pair of surrogates is one
    /// escape. U+0000 is refused, because the stores behind us cannot hold it in text.
    static func escape(_ text: Span<UInt8>, at start: Int) throws(JSONError) -> (scalar: UInt32, next: Int) {
        guard start + 1 < text.count else { throw JSONError(.endsEarly, at: text.count) }
        switch text[start + 1] {
        case UInt8(ascii: "\""): return (0x22, start + 2)
        case UInt8(ascii: "\\"): return (0x5C, start + 2)
        case UInt8(ascii: "/"): return (0x2F, start + 2)
        case UInt8(ascii: "b"): return (0x08, start + 2)
        case UInt8(ascii: "f"): return (0x0C, start + 2)
        case UInt8(ascii: "n"): return (0x0A, start + 2)
        case UInt8(ascii: "r"): return (0x0D, start + 2)
        case UInt8(ascii: "t"): return (0x09, start + 2)
        case UInt8(ascii: "u"): break
        default: throw JSONError(.badEscape, at: start)
        }
        let first = try hex(text, from: start + 2)
        switch first {
        case 0: throw JSONError(.nul, at: start)
        case 0xDC00...0xDFFF: throw JSONError(.loneSurrogate, at: start)
        case 0xD800...0xDBFF:
            for (at, byte) in [(start + 6, UInt8(ascii: "\\")), (start + 7, UInt8(ascii: "u"))] {
                guard at < text.count else { throw JSONError(.endsEarly, at: text.count) }
                guard text[at] == byte else { throw JSONError(.loneSurrogate, at: start) }
            }
            let second = try hex(text, from: start + 8)
            guard (0xDC00...0xDFFF).contains(second) else { throw JSONError(.loneSurrogate, at: start) }
            return (0x10000 + (first - 0xD800) << 10 + (second - 0xDC00), start + 12)
        default: return (first, start + 6)
        }
    }

    private static func hex(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for index in start..<start + 4 {
            guard index < text.count else { throw JSONError(.endsEarly, at: text.count) }
            let digit: UInt8
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[index] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[index] - UInt8(ascii: "A") + 10
            default: throw JSONError(.badEscape, at: index)
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// The offset after the number that starts at `start` (section 6).
    static func number(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        var index = start
        if index < text.count, text[index] == UInt8(ascii: "-") { index += 1 }
        let whole = index
        index = try digits(text, from: index)
        if text[whole] == UInt8(ascii: "0"), index > whole + 1 { throw JSONError(.badNumber, at: whole) }
        if index < text.count, text[index] == UInt8(ascii: ".") { index = try digits(text, from: index + 1) }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
            index = try digits(text, from: index)
        }
        return index
    }

    private static func digits(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        var index = start
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        if index == start { throw JSONError(start < text.count ? .badNumber : .endsEarly, at: start) }
        return index
    }

    /// The offset after `word` (`true`, `false` or `null`), which must stand at `start`.
    static func literal(_ text: Span<UInt8>, from start: Int, _ word: StaticString) throws(JSONError) -> Int {
        let length = word.utf8CodeUnitCount
        for index in 0..<length {
            guard start + index < text.count else { throw JSONError(.endsEarly, at: text.count) }
            guard text[start + index] == word.utf8Start[index] else { throw JSONError(.unexpected, at: start + index) }
        }
        return start + length
    }

    /// The offset after the value that starts at `start`, which is no white space; `depth` containers are open around it.
    static func value(_ text: Span<UInt8>, from start: Int, depth: Int) throws(JSONError) -> Int {
        guard start < text.count else { throw JSONError(.endsEarly, at: start) }
        switch text[start] {
        case UInt8(ascii: "\""): return try string(text, from: start + 1).end + 1
        case UInt8(ascii: "{"): return try container(text, from: start, depth: depth + 1, isObject: true)
        case UInt8(ascii: "["): return try container(text, from: start, depth: depth + 1, isObject: false)
        case UInt8(ascii: "t"): return try literal(text, from: start, "true")
        case UInt8(ascii: "f"): return try literal(text, from: start, "false")
        case UInt8(ascii: "n"): return try literal(text, from: start, "null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number(text, from: start)
        default: throw JSONError(.unexpected, at: start)
        }
    }

    private static func container(_ text: Span<UInt8>, from start: Int, depth: Int, isObject: Bool) throws(JSONError) -> Int {
        guard depth <= depthLimit else { throw JSONError(.tooDeep, at: start) }
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        var index = space(text, from: start + 1)
        if index < text.count, text[index] == close { return index + 1 }
        while true {
            if isObject { index = try colon(text, after: try name(text, from: index).end) }
            index = space(text, from: try value(text, from: index, depth: depth))
            guard index < text.count else { throw JSONError(.endsEarly, at: index) }
            if text[index] == close { return index + 1 }
            guard text[index] == UInt8(ascii: ",") else { throw JSONError(.unexpected, at: index) }
            index = space(text, from: index + 1)
        }
    }

    /// Walks a member's name, whose opening quote must stand at `start`.
    static func name(_ text: Span<UInt8>, from start: Int) throws(JSONError) -> (end: Int, escaped: Bool) {
        guard start < text.count else { throw JSONError(.endsEarly, at: start) }
        guard text[start] == UInt8(ascii: "\"") else { throw JSONError(.unexpected, at: start) }
        return try string(text, from: start + 1)
    }

    /// The offset of a member's value; `quote` is the offset of the closing quote of its name.
    static func colon(_ text: Span<UInt8>, after quote: Int) throws(JSONError) -> Int {
        let index = space(text, from: quote + 1)
        guard index < text.count else { throw JSONError(.endsEarly, at: index) }
        guard text[index] == UInt8(ascii: ":") else { throw JSONError(.unexpected, at: index) }
        return space(text, from: index + 1)
    }
}
