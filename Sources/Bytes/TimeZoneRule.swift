/// The rule of a TZ string (POSIX.1 section 8.3 as extended by RFC 9636 section 3.3.2): `<-04>4<-03>,M9.1.6/24,M4.1.6/24`.
///
/// Offsets are written west of Greenwich there and kept east of it here.
struct TimeZoneRule {
    var standard: Int
    /// nil where the clocks no longer change.
    var summer: (offset: Int, from: Turn, to: Turn)?

    /// A moment of each year, on the clock in force before it.
    struct Turn {
        enum Day {
            /// Day 1...365; February 29 is never counted.
            case julian(Int)
            /// Day 0...365; February 29 is counted.
            case ordinal(Int)
            /// The week 1...5 (5: the last), weekday 0...6 from Sunday.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        /// Seconds from that day's midnight; may reach into other days (-167...167 hours).
        var time: Int

        /// Seconds since 1970 as that local clock counts them.
        func local(in year: Int) -> Int64 {
            let newYear = LocalDate(validYear: year, month: 1, day: 1).daysSince1970
            let day: Int
            switch self.day {
            case .julian(let number): day = newYear + number - 1 + (number >= 60 && Civil.isLeap(year) ? 1 : 0)
            case .ordinal(let number): day = newYear + number
            case .weekday(let month, let week, let weekday):
                let first = LocalDate(validYear: year, month: month, day: 1)
                var ahead = (weekday - first.weekday + 7) % 7 + (week - 1) * 7
                while ahead >= Civil.length(ofMonth: month, in: year) { ahead -= 7 }
                day = first.daysSince1970 + ahead
            }
            return Int64(day) * 86_400 + Int64(time)
        }
    }

    init(_ text: String) throws(ZoneError) {
        var scan = Scan(bytes: Array(text.utf8), whole: text)
        try scan.name()
        standard = -(try scan.time(hours: 24))
        if scan.isAtEnd { return }
        try scan.name()
        let offset = scan.current == UInt8(ascii: ",") ? standard + 3600 : -(try scan.time(hours: 24))
        let from = try scan.turn()
        let to = try scan.turn()
        guard scan.isAtEnd else { throw scan.refusal }
        summer = (offset, from, to)
    }

    /// What the rule makes of a span of years, later than `start`, in ascending order; turns that change nothing are left out.
    func transitions(years: ClosedRange<Int>, after start: Int64, offset: Int) -> [TimeZoneFile.Transition] {
        guard let summer else {
            return []
        }
        var turns: [(at: Int64, order: Int, offset: Int)] = []
        for year in years {
            // A summer that lasts all year ends at the instant at which the next begins: the later rule wins there.
            let from = (summer.from.local(in: year) - Int64(standard), year * 2 + 1, summer.offset)
            let to = (summer.to.local(in: year) - Int64(summer.offset), year * 2, standard)
            turns += from.0 == to.0 ? [] : [from, to]
        }
        turns.sort { ($0.at, $0.order) < ($1.at, $1.order) }
        var result: [TimeZoneFile.Transition] = []
        for (index, turn) in turns.enumerated() where turn.at > start {
            let overruled = index + 1 < turns.count && turns[index + 1].at == turn.at
            if overruled || (result.last?.offset ?? offset) == turn.offset { continue }
            result.append(TimeZoneFile.Transition(at: turn.at, offset: turn.offset))
        }
        return result
    }

    private struct Scan {
        let bytes: [UInt8]
        let whole: String
        var at = 0

        var isAtEnd: Bool { at == bytes.count }
        var current: UInt8? { at < bytes.count ? bytes[at] : nil }
        var refusal: ZoneError { .malformed("the rule '\(whole)' at character \(at + 1)") }

        mutating func skip(_ byte: UInt8) -> Bool {
            if current != byte { return false }
            at += 1
            return true
        }

        /// `EST`, or anything between angle brackets; what it says is of no use here.
        mutating func name() throws(ZoneError) {
            let start = at
            if skip(UInt8(ascii: "<")) {
                while let byte = current, byte != UInt8(ascii: ">") { at += 1 }
                guard skip(UInt8(ascii: ">")) else { throw refusal }
            } else {
                while let byte = current, (byte | 0x20) &- UInt8(ascii: "a") < 26 { at += 1 }
            }
            guard at >= start + 3 else { throw refusal }
        }

        mutating func number(_ range: ClosedRange<Int>) throws(ZoneError) -> Int {
            let start = at
            var value = 0
            while let byte = current, byte &- UInt8(ascii: "0") < 10, at - start < 3 {
                value = value * 10 + Int(byte &- UInt8(ascii: "0"))
                at += 1
            }
            guard at > start, range.contains(value) else { throw refusal }
            return value
        }

        /// `[+-]h[:mm[:ss]]` in seconds.
        mutating func time(hours: Int) throws(ZoneError) -> Int {
            let negative = skip(UInt8(ascii: "-"))
            if !negative { _ = skip(UInt8(ascii: "+")) }
            var seconds = try number(0...hours) * 3600
            if skip(UInt8(ascii: ":")) { seconds += try number(0...59) * 60 }
            if skip(UInt8(ascii: ":")) { seconds += try number(0...59) }
            return negative ? -seconds : seconds
        }

        /// `,M9.1.6/24`; without a time it is 02:00.
        mutating func turn() throws(ZoneError) -> Turn {
            guard skip(UInt8(ascii: ",")) else { throw refusal }
            let day: Turn.Day
            if skip(UInt8(ascii: "M")) {
                let month = try number(1...12)
                guard skip(UInt8(ascii: ".")) else { throw refusal }
                let week = try number(1...5)
                guard skip(UInt8(ascii: ".")) else { throw refusal }
                day = .weekday(month: month, week: week, weekday: try number(0...6))
            } else if skip(UInt8(ascii: "J")) {
                day = .julian(try number(1...365))
            } else {
                day = .ordinal(try number(0...365))
            }
            return Turn(day: day, time: skip(UInt8(ascii: "/")) ? try time(hours: 167) : 7200)
        }
    }
}
