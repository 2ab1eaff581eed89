/// The caller's place in a trace (W3C Trace Context, level 1, section 3.2): `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`.
package struct TraceParent: Sendable, Hashable {
    /// Of the form; 255 is none.
    package let version: UInt8
    /// 16 bytes, not all zero, upper half first.
    package let trace: (high: UInt64, low: UInt64)
    /// The caller's span, not zero.
    package let parent: UInt64
    package let flags: UInt8

    /// The caller records its part (the lowest flag).
    package var isSampled: Bool { flags & 1 == 1 }
    /// 32 digits, as logs name a trace.
    package var traceID: String { Self.hex(trace.high) + Self.hex(trace.low) }
    /// 16 digits.
    package var parentID: String { Self.hex(parent) }

    /// nil for anything but the form: of version 0 exactly 55 characters, of a later one these and, behind a hyphen, more.
    package init?(_ text: some RandomAccessCollection<UInt8>) {
        let bytes = Array(text.prefix(56))
        guard bytes.count >= 55, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }),
            let version = Self.number(bytes[0..<2]), version != 255,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
            let parent = Self.number(bytes[36..<52]), parent != 0, let flags = Self.number(bytes[53..<55]),
            bytes.count == 55 || (version > 0 && bytes[55] == UInt8(ascii: "-"))
        else { return nil }
        self.version = UInt8(version)
        trace = (high, low)
        self.parent = parent
        self.flags = UInt8(flags)
    }

    package static func == (a: TraceParent, b: TraceParent) -> Bool {
        a.version == b.version && a.trace == b.trace && a.parent == b.parent && a.flags == b.flags
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(trace.low)
        hasher.combine(parent)
    }

    /// Digits in lower case only, as the form has them.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt64(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(digit - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}

extension Request {
    /// Read when somebody asks. nil where the field is missing, there more than once, or not of the form: then the caller begins
    /// a trace of its own (section 4.3 of the recommendation).
    package var traceParent: TraceParent? {
        let fields = headerFields("traceparent")
        return fields.count == 1 ? TraceParent(fields[0]) : nil
    }
}
