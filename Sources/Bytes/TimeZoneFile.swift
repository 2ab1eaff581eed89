/// A time-zone file as RFC 9636 has it: what the zone's clocks did, and the rule for what they will do.
///
/// Of version 1 the 32-bit block is read; of later versions the 64-bit block behind it and the footer. Abbreviations and the
/// standard/UT indicators are of no use here. Files that count leap seconds ("right/") are refused: instants here do not.
struct TimeZoneFile {
    struct Transition: Hashable {
        var at: Int64
        /// Seconds east of Greenwich from then on.
        var offset: Int
    }

    /// In force before the first transition.
    var firstOffset: Int
    /// In ascending order of `at`.
    var transitions: [Transition]
    /// The TZ string of the footer, empty where there is none.
    var footer: String

    init(_ file: [UInt8]) throws(ZoneError) {
        var reader = Reader(bytes: file)
        let first = try Header(&reader)
        if first.version == 0 {
            (firstOffset, transitions) = try TimeZoneFile.block(first, timeBytes: 4, &reader)
            footer = ""
            return
        }
        try reader.skip(first.size(timeBytes: 4))
        let second = try Header(&reader)
        (firstOffset, transitions) = try TimeZoneFile.block(second, timeBytes: 8, &reader)
        footer = try TimeZoneFile.footer(&reader)
    }

    /// RFC 9636 section 3.1.
    private struct Header {
        var version: UInt8
        var universalIndicators, standardIndicators, leaps, times, types, characters: Int

        init(_ reader: inout Reader) throws(ZoneError) {
            guard try reader.integer(bytes: 4) == 0x545A_6966 else { throw .malformed("no TZif magic") }
            let mark = UInt8(truncatingIfNeeded: try reader.integer(bytes: 1))
            version = mark == 0 ? 0 : mark &- UInt8(ascii: "0")
            try reader.skip(15)
            universalIndicators = Int(try reader.integer(bytes: 4))
            standardIndicators = Int(try reader.integer(bytes: 4))
            leaps = Int(try reader.integer(bytes: 4))
            times = Int(try reader.integer(bytes: 4))
            types = Int(try reader.integer(bytes: 4))
            characters = Int(try reader.integer(bytes: 4))
            let counts = [universalIndicators, standardIndicators, leaps, times, types, characters]
            guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { throw .malformed("a count out of range") }
        }

        func size(timeBytes: Int) -> Int {
            times * timeBytes + times + types * 6 + characters + leaps * (timeBytes + 4) + standardIndicators + universalIndicators
        }
    }

    /// RFC 9636 section 3.2. Leaves the reader behind the block.
    private static func block(
        _ header: Header, timeBytes: Int, _ reader: inout Reader
    ) throws(ZoneError) -> (firstOffset: Int, transitions: [Transition]) {
        guard header.types > 0, header.types <= 256 else { throw .malformed("no local time types") }
        guard header.leaps == 0 else { throw .malformed("leap seconds are counted") }
        try reader.expect(header.size(timeBytes: timeBytes))
        var times: [Int64] = []
        for _ in 0..<header.times {
            let time = try reader.integer(bytes: timeBytes)
            if let last = times.last, time <= last { throw .malformed("transitions out of order") }
            times.append(time)
        }
        var indices: [Int] = []
        for _ in 0..<header.times { indices.append(Int(try reader.integer(bytes: 1) & 0xFF)) }
        var offsets: [Int] = []
        for _ in 0..<header.types {
            let offset = Int(try reader.integer(bytes: 4))
            guard (-93_599...93_599).contains(offset) else { throw .malformed("an offset of more than a day") }
            offsets.append(offset)
            try reader.skip(2)
        }
        guard indices.allSatisfy({ $0 < offsets.count }) else { throw .malformed("an unknown local time type") }
        try reader.skip(header.characters + header.standardIndicators + header.universalIndicators)
        return (offsets[0], zip(times, indices).map { Transition(at: $0, offset: offsets[$1]) })
    }

    private static func footer(_ reader: inout Reader) throws(ZoneError) -> String {
        guard try reader.integer(bytes: 1) == 10 else { throw .malformed("no footer") }
        var text: [UInt8] = []
        while true {
            let byte = UInt8(truncatingIfNeeded: try reader.integer(bytes: 1))
            if byte == 10 { return String(decoding: text, as: UTF8.self) }
            text.append(byte)
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        func expect(_ count: Int) throws(ZoneError) {
            if count > bytes.count - at { throw .malformed("cut off at byte \(bytes.count)") }
        }

        mutating func skip(_ count: Int) throws(ZoneError) {
            try expect(count)
            at += count
        }

        /// Big-endian two's complement.
        mutating func integer(bytes count: Int) throws(ZoneError) -> Int64 {
            try expect(count)
            var value: Int64 = bytes[at] >= 0x80 ? -1 : 0
            for _ in 0..<count {
                value = value << 8 | Int64(bytes[at])
                at += 1
            }
            return value
        }
    }
}

/// Why a zone could not be had.
package enum ZoneError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Not a name such as `America/Santiago`.
    case badName(String)
    /// No such file, or it could not be read: the path and errno's text.
    case unreadable(path: String, reason: String)
    case malformed(String)

    package var description: String {
        switch self {
        case .badName(let name): "'\(name)' is not the name of a time zone"
        case .unreadable(let path, let reason): "the time-zone file \(path) cannot be read: \(reason)"
        case .malformed(let reason): "not a time-zone file (RFC 9636): \(reason)"
        }
    }
}
