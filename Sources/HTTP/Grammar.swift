/// The character classes of RFC 9110 and RFC 3986 as bit masks over ASCII, and comparisons of bytes.
enum Grammar {
    /// tchar (RFC 9110, section 5.6.2): letters, digits and !#$%&'*+-.^_`|~
    @inline(__always) static func isToken(_ byte: UInt8) -> Bool { has(0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE, byte) }

    /// What may stand in a path: pchar, "/" and "%" (RFC 3986, section 3.3).
    @inline(__always) static func isPath(_ byte: UInt8) -> Bool { has(0x2FFF_FFF2_0000_0000, 0x47FF_FFFE_87FF_FFFF, byte) }

    /// A query as browsers send it: anything visible but "#".
    @inline(__always) static func isQuery(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "#") }

    /// Field values: visible characters, spaces, tabs and what lies beyond ASCII (RFC 9110, section 5.5).
    @inline(__always) static func isValue(_ byte: UInt8) -> Bool { byte >= 0x20 ? byte != 0x7F : byte == 0x09 }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// How many visible bytes (0x21...0x7E) `bytes` begins with.
    static func visible(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        run(bytes, while: { $0 > 0x20 && $0 < 0x7F }, eight: invisible)
    }

    /// The same for bytes of a query, up to its first escape.
    static func plainQuery(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        run(
            bytes, while: { isQuery($0) && $0 != UInt8(ascii: "%") },
            eight: { invisible($0) | equal($0, UInt8(ascii: "#")) | equal($0, UInt8(ascii: "%")) })
    }

    /// Eight bytes at a time, since targets are the longest part of what we are sent; `eight` is zero where none of them ends the
    /// run.
    @inline(__always) private static func run(
        _ bytes: UnsafeBufferPointer<UInt8>, while goesOn: (UInt8) -> Bool, eight: (UInt64) -> UInt64
    ) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        var i = 0
        while i + 8 <= raw.count, eight(raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)) == 0 { i += 8 }
        while i < raw.count, goesOn(raw[i]) { i += 1 }
        return i
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// Not zero where one of eight bytes is below 0x21 or above 0x7E. The subtraction sets the top bit of a byte that is less,
    /// and wrongly of others only above such a byte.
    @inline(__always) private static func invisible(_ eight: UInt64) -> UInt64 {
        ((eight &- ones &* 0x21) & ~eight & tops) | (eight & tops) | equal(eight, 0x7F)
    }

    /// Not zero where one of eight bytes is `byte`.
    @inline(__always) private static func equal(_ eight: UInt64, _ byte: UInt8) -> UInt64 {
        let zero = eight ^ (ones &* UInt64(byte))
        return (zero &- ones) & ~zero & tops
    }

    static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    @inline(__always) private static func has(_ low: UInt64, _ high: UInt64, _ byte: UInt8) -> Bool {
        if byte >= 128 { return false }
        return (byte < 64 ? low >> UInt64(byte) : high >> UInt64(byte & 63)) & 1 == 1
    }

    @inline(__always) static func equal(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        let other = text.utf8Start
        for i in 0..<bytes.count where bytes[i] != other[i] { return false }
        return true
    }

    /// Compares without regard to ASCII case; `lowercase` is in lower case already.
    @inline(__always) static func equalIgnoringCase(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercase: StaticString) -> Bool {
        guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
        let other = lowercase.utf8Start
        for i in 0..<bytes.count where lower(bytes[i]) != other[i] { return false }
        return true
    }

    @inline(__always) static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
