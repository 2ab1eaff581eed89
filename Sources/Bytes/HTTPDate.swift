/// Dates of HTTP header fields (RFC 9110 section 5.6.7), as seconds since 1970.
package enum HTTPDate {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let longWeekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Appends the preferred form, `Sun, 06 Nov 1994 08:49:37 GMT`. Instants outside the years 0000 to 9999 are written as the nearest end.
    package static func append(_ seconds: Int64, to out: inout [UInt8]) {
        let fields = Timestamp.Fields(max(-62_167_219_200, min(253_402_300_799, seconds)))
        out.append(contentsOf: weekdays[Civil.weekday(days: fields.days)].utf8)
        out.append(contentsOf: ", ".utf8)
        NumberText.append(fields.day, width: 2, to: &out)
        out.append(UInt8(ascii: " "))
        out.append(contentsOf: months[fields.month - 1].utf8)
        out.append(UInt8(ascii: " "))
        NumberText.append(fields.year, width: 4, to: &out)
        out.append(UInt8(ascii: " "))
        fields.appendClock(to: &out)
        out.append(contentsOf: " GMT".utf8)
    }

    package static func text(_ seconds: Int64) -> String {
        var out: [UInt8] = []
        append(seconds, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads any of the three forms; nil for anything else. `now` settles the century of the two-digit years of RFC 850: a date that
    /// would be more than 50 years ahead is of the past century. A weekday that contradicts the date is let pass, as recipients do.
    package static func parse(_ text: Span<UInt8>, now: Int64) -> Int64? {
        var index = 0
        if word(text, &index, of: longWeekdays) != nil { return rfc850(text, from: index, now: now) }
        guard word(text, &index, of: weekdays) != nil else { return nil }
        return DigitScan.eat(text, &index, ", ") ? preferred(text, from: index) : asctime(text, from: index)
    }

    package static func parse(_ text: String, now: Int64) -> Int64? { parse(Array(text.utf8).span, now: now) }

    /// `06 Nov 1994 08:49:37 GMT`
    private static func preferred(_ text: Span<UInt8>, from start: Int) -> Int64? {
        var index = start
        guard let day = DigitScan.number(text, &index, width: 2), DigitScan.eat(text, &index, " "),
            let month = word(text, &index, of: months), DigitScan.eat(text, &index, " "),
            let year = DigitScan.number(text, &index, width: 4), DigitScan.eat(text, &index, " "),
            var stamp = DigitScan.stamp(year, month + 1, day),
            DigitScan.clock(text, &index, into: &stamp, secondsRequired: true),
            DigitScan.eat(text, &index, " GMT"), index == text.count
        else { return nil }
        return stamp.secondsAsUTC
    }

    /// `, 06-Nov-94 08:49:37 GMT`
    private static func rfc850(_ text: Span<UInt8>, from start: Int, now: Int64) -> Int64? {
        var index = start
        guard DigitScan.eat(text, &index, ", "),
            let day = DigitScan.number(text, &index, width: 2), DigitScan.eat(text, &index, "-"),
            let month = word(text, &index, of: months), DigitScan.eat(text, &index, "-"),
            let short = DigitScan.number(text, &index, width: 2), DigitScan.eat(text, &index, " ")
        else { return nil }
        let thisYear = Timestamp.Fields(max(0, min(253_402_300_799, now))).year
        var year = thisYear - thisYear % 100 + short
        if year > thisYear + 50 { year -= 100 }
        if year + 50 < thisYear { year += 100 }
        guard var stamp = DigitScan.stamp(year, month + 1, day),
            DigitScan.clock(text, &index, into: &stamp, secondsRequired: true),
            DigitScan.eat(text, &index, " GMT"), index == text.count
        else { return nil }
        return stamp.secondsAsUTC
    }

    /// ` Nov  6 08:49:37 1994`
    private static func asctime(_ text: Span<UInt8>, from start: Int) -> Int64? {
        var index = start
        guard DigitScan.eat(text, &index, " "), let month = word(text, &index, of: months), DigitScan.eat(text, &index, " ") else {
            return nil
        }
        let width = DigitScan.eat(text, &index, " ") ? 1 : 2
        guard let day = DigitScan.number(text, &index, width: width), DigitScan.eat(text, &index, " ") else { return nil }
        var clock = LocalStamp(year: 1970, month: 1, day: 1)
        guard DigitScan.clock(text, &index, into: &clock, secondsRequired: true), DigitScan.eat(text, &index, " "),
            let year = DigitScan.number(text, &index, width: 4), index == text.count,
            let date = DigitScan.stamp(year, month + 1, day)
        else { return nil }
        return date.secondsAsUTC + clock.secondsAsUTC
    }

    /// Which of `words` stands at `index`; names are compared with case, as section 5.6.7 asks.
    private static func word(_ text: Span<UInt8>, _ index: inout Int, of words: [String]) -> Int? {
        for (position, word) in words.enumerated() where DigitScan.eat(text, &index, word) { return position }
        return nil
    }
}
