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
            quote(Array(event.utf8)[...])
        case .text:
            bytes.append(contentsOf: time)
            bytes.append(0x20)
            bytes.append(contentsOf: level.utf8)
            bytes.append(0x20)
            bytes.append(contentsOf: event.utf8)
        }
    }

    mutating func end() { put(format == .json ? "}\n" : "\n") }

    mutating func word(_ name: StaticString, _ value: String) { text(name, Array(value.utf8)[...], most: 2000) }

    /// At most so many bytes of the value; what is left out is told by dots.
    mutating func text(_ name: StaticString, _ value: ArraySlice<UInt8>, most: Int) {
        key(name)
        let shown = value.count <= most ? value : value.prefix(most) + Array("...".utf8)
        if format == .text, Self.isWord(shown) { bytes.append(contentsOf: shown) } else { quote(shown) }
    }

    mutating func number(_ name: StaticString, _ value: Int) {
        key(name)
        bytes.append(contentsOf: "\(value)".utf8)
    }

    /// Nanoseconds as seconds with six decimals.
    mutating func seconds(_ name: StaticString, _ nanoseconds: UInt64) {
        key(name)
        let micro = nanoseconds / 1000
        bytes.append(contentsOf: "\(micro / 1_000_000)".utf8)
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

    private static func isWord(_ text: ArraySlice<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
    }

    private mutating func quote(_ text: ArraySlice<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        if text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            bytes.append(contentsOf: text)
        } else {
            for unit in String(decoding: text, as: UTF8.self).utf16 { escape(unit) }
        }
        bytes.append(UInt8(ascii: "\""))
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
