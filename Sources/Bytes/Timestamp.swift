package enum TimestampError: String, Error, Sendable, Hashable {
    case malformed = "not a time stamp of the form 2025-12-01T00:00:00-03:00"
    case offsetMissing = "the offset from UTC is missing: end with Z or, say, -03:00"
}

/// Instants as RFC 3339 text. An instant is seconds since 1970 in UTC.
package enum Timestamp {
    /// Reads `2025-12-01T00:00:00-03:00`: `T`, `t` or a space; `Z`, `z` or an offset, which must be there; a fraction is dropped.
    /// A leap second is taken where UTC can have one (23:59:60) and is the first second of the next day, as POSIX counts.
    package static func parse(_ text: Span<UInt8>) throws(TimestampError) -> Int64 {
        var index = 0
        guard var stamp = DigitScan.date(text, &index) else { throw .malformed }
        if index == text.count { throw .offsetMissing }
        guard DigitScan.eat(text, &index, UInt8(ascii: "T")) || DigitScan.eat(text, &index, UInt8(ascii: " "))
            || DigitScan.eat(text, &index, UInt8(ascii: "t")),
            DigitScan.clock(text, &index, into: &stamp, secondsRequired: true), DigitScan.fraction(text, &index)
        else { throw .malformed }
        if index == text.count { throw .offsetMissing }
        guard let offset = offset(text, &index), index == text.count else { throw .malformed }
        let seconds = stamp.secondsAsUTC - Int64(offset)
        if stamp.second == 60, seconds % 86_400 != 0 { throw .malformed }
        return seconds
    }

    package static func parse(_ text: ArraySlice<UInt8>) throws(TimestampError) -> Int64 { try parse(text.span) }

    package static func parse(_ text: String) throws(TimestampError) -> Int64 { try parse(Array(text.utf8).span) }

    /// `Z`, or `+hh:mm` in seconds east of UTC. `-00:00` (offset unknown, RFC 3339 section 4.3) is read as UTC.
    private static func offset(_ text: Span<UInt8>, _ index: inout Int) -> Int? {
        if DigitScan.eat(text, &index, UInt8(ascii: "Z")) || DigitScan.eat(text, &index, UInt8(ascii: "z")) { return 0 }
        let west = DigitScan.eat(text, &index, UInt8(ascii: "-"))
        guard west || DigitScan.eat(text, &index, UInt8(ascii: "+")),
            let hours = DigitScan.number(text, &index, width: 2), hours < 24, DigitScan.eat(text, &index, UInt8(ascii: ":")),
            let minutes = DigitScan.number(text, &index, width: 2), minutes < 60
        else { return nil }
        return (west ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    /// The last second that RFC 3339 can write, and the first.
    private static let writable: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Appends `2025-12-01T00:00:00-03:00`, offset 0 as `Z`. `offset` is in seconds east of UTC; zones before standard time had odd
    /// seconds, which RFC 3339 cannot write: it is cut to whole minutes, and the clock shown with it, so that the instant stays true.
    /// What lies outside the years 0000 to 9999 is written as the nearest end.
    package static func append(_ seconds: Int64, offset: Int = 0, to out: inout [UInt8]) {
        let minutes = max(-1439, min(1439, offset / 60))
        let instant = max(writable.lowerBound, min(writable.upperBound, seconds))
        let local = max(writable.lowerBound, min(writable.upperBound, instant + Int64(minutes * 60)))
        let fields = Fields(local)
        NumberText.append(fields.year, width: 4, to: &out)
        out.append(UInt8(ascii: "-"))
        NumberText.append(fields.month, width: 2, to: &out)
        out.append(UInt8(ascii: "-"))
        NumberText.append(fields.day, width: 2, to: &out)
        out.append(UInt8(ascii: "T"))
        fields.appendClock(to: &out)
        if minutes == 0 { return out.append(UInt8(ascii: "Z")) }
        out.append(minutes < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        NumberText.append(abs(minutes) / 60, width: 2, to: &out)
        out.append(UInt8(ascii: ":"))
        NumberText.append(abs(minutes) % 60, width: 2, to: &out)
    }

    package static func text(_ seconds: Int64, offset: Int = 0) -> String {
        var out: [UInt8] = []
        append(seconds, offset: offset, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// An instant taken apart in UTC.
    struct Fields {
        let days: Int
        let year: Int
        let month: Int
        let day: Int
        let secondOfDay: Int

        init(_ seconds: Int64) {
            let inDay = (seconds % 86_400 + 86_400) % 86_400
            secondOfDay = Int(inDay)
            days = Int((seconds - inDay) / 86_400)
            (year, month, day) = Civil.date(days: days)
        }

        func appendClock(to out: inout [UInt8]) {
            NumberText.append(secondOfDay / 3600, width: 2, to: &out)
            out.append(UInt8(ascii: ":"))
            NumberText.append(secondOfDay / 60 % 60, width: 2, to: &out)
            out.append(UInt8(ascii: ":"))
            NumberText.append(secondOfDay % 60, width: 2, to: &out)
        }
    }
}
