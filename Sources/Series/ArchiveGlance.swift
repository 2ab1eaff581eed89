/// A look at a text that reads no rows: how many lines it has, and of which time they seem to be. It is for files whose rows are lines that
/// begin with the row's instant, in digits, and a comma: seconds since 1970.
///
/// What else is wrong with a line is not seen, so `rows`, `first` and `last` are an estimate, which reading the file corrects.
package struct ArchiveGlance: Sendable, Equatable {
    package private(set) var lines = 0
    /// Lines that begin with an instant at which a row may begin.
    package private(set) var rows = 0
    /// Of these instants the earliest and the latest, in whatever order they came.
    package private(set) var first: Int64?
    package private(set) var last: Int64?

    private let instants: Range<Int64>
    private let step: Int64
    private var field = Field()
    /// The line so far has something in it.
    private var isLineOpen = false

    /// The first field of the line that is under way.
    private struct Field: Equatable {
        var value: Int64 = 0
        var digits = 0
        /// It has ended, or is no instant.
        var isOver = false
    }

    /// - Parameters:
    ///   - instants: those that are plausible.
    ///   - step: seconds; instants that are no multiple of it are no row's.
    package init(instants: Range<Int64>, step: Int64) {
        self.instants = instants
        self.step = step
    }

    /// Takes the next bytes, which may begin and end anywhere.
    package mutating func read(_ bytes: Span<UInt8>) {
        var at = 0
        while at < bytes.count {
            if !field.isOver { readField(bytes, &at) }
            if field.isOver { passLine(bytes, &at) }
        }
    }

    /// The text has ended: what is left is its last line.
    package mutating func finish() {
        if isLineOpen { endLine() }
    }

    private mutating func readField(_ bytes: Span<UInt8>, _ at: inout Int) {
        var field = field
        while at < bytes.count, !field.isOver {
            let byte = bytes[unchecked: at]
            let digit = byte &- UInt8(ascii: "0")
            if digit < 10, field.digits < 18 {
                field.value = field.value &* 10 &+ Int64(digit)
                field.digits &+= 1
            } else if byte == UInt8(ascii: ",") {
                field.isOver = true
                if field.digits > 0 { note(field.value) }
            } else if lines == 0, field.digits == 0, byte == 0xEF || byte == 0xBB || byte == 0xBF {
                // A byte order mark.
            } else {
                field.isOver = true
                // (The line may end here.)
                break
            }
            at &+= 1
        }
        isLineOpen = true
        self.field = field
    }

    private mutating func note(_ time: Int64) {
        guard instants.contains(time), time % step == 0 else { return }
        rows += 1
        first = min(first ?? time, time)
        last = max(last ?? time, time)
    }

    /// On to the next line, eight bytes at a time.
    private mutating func passLine(_ bytes: Span<UInt8>, _ at: inout Int) {
        while at &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: at, as: UInt64.self))
            let others = word ^ 0x0A0A_0A0A_0A0A_0A0A
            // The lowest marked byte is the first that is a line's end; one above it may be marked falsely.
            let ends = (others &- 0x0101_0101_0101_0101) & ~others & 0x8080_8080_8080_8080
            if ends != 0 {
                at &+= ends.trailingZeroBitCount / 8 &+ 1
                return endLine()
            }
            at &+= 8
        }
        while at < bytes.count {
            at &+= 1
            if bytes[unchecked: at &- 1] == UInt8(ascii: "\n") { return endLine() }
        }
    }

    private mutating func endLine() {
        lines += 1
        field = Field()
        isLineOpen = false
    }
}
