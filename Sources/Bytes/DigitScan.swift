/// Steps over the fixed-width fields that dates and times are written in. Each takes what it names and moves `index` behind it, or
/// answers nil (false) and the reading is over.
enum DigitScan {
    /// Exactly `width` digits.
    static func number(_ text: Span<UInt8>, _ index: inout Int, width: Int) -> Int? {
        guard index + width <= text.count else { return nil }
        var value = 0
        for at in index..<index + width {
            let digit = text[at] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        index += width
        return value
    }

    static func eat(_ text: Span<UInt8>, _ index: inout Int, _ byte: UInt8) -> Bool {
        guard index < text.count, text[index] == byte else { return false }
        index += 1
        return true
    }

    static func eat(_ text: Span<UInt8>, _ index: inout Int, _ word: String) -> Bool {
        var at = index
        for byte in word.utf8 where !eat(text, &at, byte) { return false }
        index = at
        return true
    }

    /// `YYYY-MM-DD`, a day that exists.
    static func date(_ text: Span<UInt8>, _ index: inout Int) -> LocalStamp? {
        guard let year = number(text, &index, width: 4), eat(text, &index, UInt8(ascii: "-")),
            let month = number(text, &index, width: 2), eat(text, &index, UInt8(ascii: "-")),
            let day = number(text, &index, width: 2)
        else { return nil }
        return stamp(year, month, day)
    }

    /// Midnight of a day, if the calendar has it.
    static func stamp(_ year: Int, _ month: Int, _ day: Int) -> LocalStamp? {
        guard (1...12).contains(month), day >= 1, day <= Civil.length(ofMonth: month, in: year) else { return nil }
        return LocalStamp(year: year, month: month, day: day)
    }

    /// `HH:MM:SS`, or `HH:MM` where seconds may be left out, into `stamp`. Second 60 passes: the caller knows whether it can be.
    static func clock(_ text: Span<UInt8>, _ index: inout Int, into stamp: inout LocalStamp, secondsRequired: Bool) -> Bool {
        guard let hour = number(text, &index, width: 2), hour < 24, eat(text, &index, UInt8(ascii: ":")),
            let minute = number(text, &index, width: 2), minute < 60
        else { return false }
        stamp.hour = hour
        stamp.minute = minute
        guard eat(text, &index, UInt8(ascii: ":")) else { return !secondsRequired }
        guard let second = number(text, &index, width: 2), second <= 60 else { return false }
        stamp.second = second
        return true
    }

    /// A decimal fraction, which is dropped; true also where there is none.
    static func fraction(_ text: Span<UInt8>, _ index: inout Int) -> Bool {
        guard eat(text, &index, UInt8(ascii: ".")) else { return true }
        let start = index
        while number(text, &index, width: 1) != nil {}
        return index > start
    }
}
