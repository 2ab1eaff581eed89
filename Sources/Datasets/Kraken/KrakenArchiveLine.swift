internal import Bytes
internal import Series

/// The close look at one line: what it is, and why it is refused. Says the same as the fast way of every line that goes there.
enum KrakenArchiveLine {
    enum Verdict {
        case row(KrakenArchiveRow)
        /// A header, or an empty line.
        case nothing
        case refused(QuarantinedRecord)
    }

    /// - Parameters:
    ///   - text: the line without its LF.
    ///   - rule: which instants may be.
    static func read(_ text: ArraySlice<UInt8>, line: Int, _ rule: KrakenArchiveRule) -> Verdict {
        var text = text.last == UInt8(ascii: "\r") ? text.dropLast() : text
        if line == 1, text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        if text.isEmpty { return .nothing }
        let fields = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        if line == 1, fields.allSatisfy({ isLetter($0.first ?? 0) }) { return .nothing }
        guard fields.count == 7 else { return .refused(refusal("wrong number of fields", text, line: line)) }
        let time = whole(fields[0])
        do throws(Fault) {
            return .row(try row(fields, rule))
        } catch {
            return .refused(refusal(error.reason, text, line: line, time: time))
        }
    }

    static func refusal(_ reason: String, _ text: ArraySlice<UInt8>, line: Int, time: Int64? = nil) -> QuarantinedRecord {
        let longest = 200
        let record = String(decoding: text.prefix(longest), as: UTF8.self) + (text.count > longest ? "…" : "")
        return QuarantinedRecord(reason: reason, record: record, series: 0, time: time, place: "line \(line)")
    }

    private struct Fault: Error {
        let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    private static func row(_ fields: [ArraySlice<UInt8>], _ rule: KrakenArchiveRule) throws(Fault) -> KrakenArchiveRow {
        guard let time = whole(fields[0]), let trades = whole(fields[6]) else { throw Fault("not a number") }
        let open = try number(fields[1])
        let high = try number(fields[2])
        let low = try number(fields[3])
        let close = try number(fields[4])
        let volume = try number(fields[5])
        guard KrakenArchive.plausible.contains(time) else { throw Fault("implausible instant") }
        guard time % rule.seconds == 0 else { throw Fault("off the grid") }
        guard rule.instants.contains(time) else { throw Fault(KrakenArchive.notEnded) }
        guard trades >= 0, [open, high, low, close, volume].allSatisfy({ !$0.isNegative }) else { throw Fault("negative") }
        if let why = KrakenCandle.contradiction(open: open, high: high, low: low, close: close) { throw Fault(why) }
        if trades == 0 { throw Fault(volume == .zero ? "no trades" : "volume without trades") }
        guard volume > .zero else { throw Fault("trades without volume") }
        return KrakenArchiveRow(
            time: time, open: plain(open), high: plain(high), low: plain(low), close: plain(close), volume: plain(volume),
            trades: trades)
    }

    private static func plain(_ number: Decimal) -> KrakenArchiveNumber {
        KrakenArchiveNumber(mantissa: number.mantissa, scale: UInt8(number.scale))
    }

    private static func number(_ text: ArraySlice<UInt8>) throws(Fault) -> Decimal {
        if let value = Decimal(utf8: text) { return value }
        throw Fault(isNumber(text) ? "too many digits" : "not a number")
    }

    /// A whole number in 64 bits, no zero in front; nil for anything else.
    private static func whole(_ text: ArraySlice<UInt8>) -> Int64? {
        let digits = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        guard !digits.isEmpty, digits.allSatisfy(isDigit), digits.count == 1 || digits.first != UInt8(ascii: "0") else { return nil }
        return Int64(String(decoding: text, as: UTF8.self))
    }

    /// Whether the text has the form of a JSON number (RFC 8259 section 6), whatever its size.
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text.first == UInt8(ascii: "-") ? text.dropFirst() : text
        let whole = rest.prefix(while: isDigit)
        guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else { return false }
        rest = rest.dropFirst(whole.count)
        if rest.first == UInt8(ascii: ".") {
            let fraction = rest.dropFirst().prefix(while: isDigit)
            if fraction.isEmpty { return false }
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard let mark = rest.first else { return true }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        return mark | 0x20 == UInt8(ascii: "e") && !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }
}
