/// Header fields as they are sent, `Name: value CR LF`, in one array. The one writer of fields: a name that is no token or
/// a value with a control character is not written, and the answer they belong to becomes a 500 (`isRefused`), so that
/// nothing a client sent can end a line of ours (RFC 9110, section 5.5).
package struct HeaderLines: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Somebody tried to write a field that would have broken the message.
    private(set) var isRefused = false

    package init() {}

    package init(_ fields: KeyValuePairs<String, String>) {
        for (name, value) in fields { add(name, value) }
    }

    package var isEmpty: Bool { bytes.isEmpty }

    package mutating func add(_ name: String, _ value: String) {
        var (name, value) = (name, value)
        let names = name.utf8.count
        guard names > 0, name.withUTF8({ $0.allSatisfy(Grammar.isToken) }), value.withUTF8({ $0.allSatisfy(Grammar.isValue) }) else {
            isRefused = true
            return
        }
        bytes.reserveCapacity(bytes.count + names + value.utf8.count + 4)
        name.withUTF8 { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [0x3A, 0x20])
        value.withUTF8 { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [0x0D, 0x0A])
    }

    /// A whole number, as Age has it, without making text of it first.
    package mutating func add(_ name: StaticString, _ value: Int) {
        bytes.appendText(name)
        bytes.appendText(": ")
        bytes.appendDecimal(value)
        bytes.appendText("\r\n")
    }

    package mutating func append(_ other: HeaderLines) {
        bytes.append(contentsOf: other.bytes)
        if other.isRefused { isRefused = true }
    }

    /// The first field of this name, whatever its case.
    package subscript(name: String) -> String? {
        let wanted = Array(name.utf8.map(Grammar.lower))
        for line in bytes.split(separator: 0x0A) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), line[..<colon].map(Grammar.lower) == wanted else { continue }
            return String(decoding: line[(colon + 2)...].dropLast(), as: UTF8.self)
        }
        return nil
    }
}

extension [UInt8] {
    mutating func appendText(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func appendDecimal(_ value: Int) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var power: UInt = 1
        while rest / power >= 10 { power *= 10 }
        while power > 0 {
            append(UInt8(truncatingIfNeeded: 0x30 + rest / power))
            rest %= power
            power /= 10
        }
    }
}
