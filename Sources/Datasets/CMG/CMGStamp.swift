internal import Bytes

/// A reading of the upstream's clock, to the minute.
struct CMGStamp: Equatable {
    let day: Int
    let hour: Int
    let minute: Int

    /// For hashing: different for different readings.
    var word: UInt64 { UInt64(truncatingIfNeeded: day) << 16 | UInt64(hour << 8 | minute) }
}

/// Reads `2025-12-01 13:45` and its like. Records of one page share their few dates, so the last one read is kept: what is left of a
/// stranger's record costs a comparison.
struct CMGStampReader {
    private var date: [UInt8] = []
    private var day = 0

    mutating func read(_ member: JSONMember, in bytes: [UInt8]) -> CMGStamp? {
        guard member.kind == .string, member.end - member.start == 18, !date.isEmpty else { return slow(member, in: bytes) }
        let at = member.start + 1
        for index in 0..<10 where bytes[at + index] != date[index] { return slow(member, in: bytes) }
        let mark = bytes[at + 10]
        let hour = Self.pair(bytes, at + 11)
        let minute = Self.pair(bytes, at + 14)
        guard mark == UInt8(ascii: " ") || mark == UInt8(ascii: "T"), bytes[at + 13] == UInt8(ascii: ":"), hour < 24, minute < 60 else {
            return nil
        }
        return CMGStamp(day: day, hour: hour, minute: minute)
    }

    /// Two digits; 100 and more where they are not.
    private static func pair(_ bytes: [UInt8], _ at: Int) -> Int {
        let (tens, ones) = (bytes[at] &- UInt8(ascii: "0"), bytes[at + 1] &- UInt8(ascii: "0"))
        return tens < 10 && ones < 10 ? Int(tens) * 10 + Int(ones) : 100
    }

    private mutating func slow(_ member: JSONMember, in bytes: [UInt8]) -> CMGStamp? {
        guard let text = member.text(in: bytes), text.count >= 16, let stamp = LocalStamp(text), stamp.second == 0,
            let day = LocalDate(year: stamp.year, month: stamp.month, day: stamp.day)
        else { return nil }
        date = Array(text.prefix(10))
        self.day = day.daysSince1970
        return CMGStamp(day: self.day, hour: stamp.hour, minute: stamp.minute)
    }
}
