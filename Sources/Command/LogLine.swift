internal import Bytes

/// Appends one line of the log in either form. Everything that is not plain ASCII is escaped as JSON has it, in the text form
/// too: nothing that a client sends may end a line, begin one, or reach a terminal as more than letters.
struct LogLine {
    private(set) var bytes: [UInt8]
    private let format: Log.Format

    init(_ format: Log.Format, into bytes: consuming [UInt8] = []) {
        self.format = format
        self.bytes = bytes
    }

    mutating func begin(_ time: [UInt8], _ level: String, _ event: String) {
        switch format {
        case .json:
            put(#"{"time":""#)
            bytes.append(contentsOf: time)
            put(#"","level":""#)
            bytes.append(contentsOf: level.utf8)
            put(#"","event":"#)
            var event = event
            event.withUTF8 { quote($0) }
        case .text:
            bytes.append(contentsOf: time)
            bytes.append(0x20)
            bytes.append(contentsOf: level.utf8)
            bytes.append(0x20)
            bytes.append(contentsOf: event.utf8)
        }
    }

    mutating func end() { put(format == .json ? "}\n" : "\n") }

    mutating func word(_ name: StaticString, _ value: String) {
        key(name)
        var value = value
        value.withUTF8 { show($0, most: 2000) }
    }

    /// At most so many bytes of the value; what is left out is told by dots.
    mutating func text(_ name: StaticString, _ value: ArraySlice<UInt8>, most: Int) {
        key(name)
        value.withUnsafeBufferPointer { show($0, most: most) }
    }

    /// A value that is letters, digits and hyphens whatever a client sent.
    mutating func plain(_ name: StaticString, _ append: (inout [UInt8]) -> Void) {
        key(name)
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
        append(&bytes)
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    mutating func number(_ name: StaticString, _ value: Int) {
        key(name)
        NumberText.append(Int64(value), to: &bytes)
    }

    /// Nanoseconds as seconds with six decimals.
    mutating func seconds(_ name: StaticString, _ nanoseconds: UInt64) {
        key(name)
        let micro = nanoseconds / 1000
        NumberText.append(Int64(micro / 1_000_000), to: &bytes)
        bytes.append(UInt8(ascii: "."))
        var power: UInt64 = 100_000
        while power > 0 {
            bytes.append(0x30 + UInt8(micro / power % 10))
            power /= 10
        }
    }

    private mutating func key(_ name: StaticString) {
        switch format {
        case .json:
            put(#",""#)
            put(name)
            put(#"":"#)
        case .text:
            put(" ")
            put(name)
            put("=")
        }
    }

    private mutating func show(_ value: UnsafeBufferPointer<UInt8>, most: Int) {
        if value.count > most {
            let cut = Array(value[..<most]) + Array("...".utf8)
            return cut.withUnsafeBufferPointer { show($0, most: .max) }
        }
        if format == .text, Self.isWord(value) { bytes.append(contentsOf: value) } else { quote(value) }
    }

    private static func isWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in text where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") { return false }
        return !text.isEmpty
    }

    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        if Self.isPlain(text) {
            bytes.append(contentsOf: text)
        } else {
            for unit in String(decoding: text, as: UTF8.self).utf16 { escape(unit) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in text where byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
        return true
    }

    private mutating func escape(_ unit: UInt16) {
        switch unit {
        case 0x22, 0x5C: bytes.append(contentsOf: [0x5C, UInt8(unit)])
        case 0x20...0x7E: bytes.append(UInt8(unit))
        default:
            put(#"\u"#)
            for shift in [12, 8, 4, 0] as [UInt16] {
                let nibble = UInt8(unit >> shift & 15)
                bytes.append(nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10)
            }
        }
    }

    private mutating func put(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
