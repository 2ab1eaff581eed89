internal import Bytes
internal import Series

/// An answer of the office, read whole before anything of it counts:
/// `{"station": "HOOK-HEAD", "count": 2, "levels": [{"time": "2025-06-01T00:00:00Z", "level": 1.204}, ...]}`.
struct TidesAnswer {
    struct Reading {
        /// Where the hour begins; nil where it cannot be told.
        let time: Int64?
        /// Why it is no row; nil where it is one.
        let flaw: String?
        let level: Decimal
        /// As it came.
        let text: String
    }

    let readings: [Reading]

    /// - Throws: what is no such answer, is not whole, or is of another gauge.
    init(_ body: [UInt8], of station: String) throws(AnswerDefect) {
        let answer: JSONValue
        do throws(JSONError) { answer = try JSONValue(parsing: body) } catch {
            throw AnswerDefect(.malformed, "expected a list of levels: \(error)")
        }
        guard let told = answer["station"]?.string, let count = answer["count"]?.int, let levels = answer["levels"]?.array else {
            throw AnswerDefect(.malformed, "expected a list of levels: there is no station, count or list")
        }
        if told != station { throw AnswerDefect(.filterIgnored, "asked for \(station), the answer is of another gauge") }
        if count != Int64(levels.count) {
            throw AnswerDefect(.incomplete, "the answer tells of \(count) levels and brings \(levels.count)")
        }
        readings = levels.map(Self.read)
        var seen: Set<Int64> = []
        for time in readings.compactMap(\.time) where !seen.insert(time).inserted {
            throw AnswerDefect(.malformed, "the answer has an hour twice")
        }
    }

    private static func read(_ record: JSONValue) -> Reading {
        let text = String(decoding: record.bytes, as: UTF8.self)
        let instant = record["time"]?.string.flatMap { try? Timestamp.parse($0) }
        guard let time = instant, Tides.hours.start(of: Tides.hours.slot(containing: time)) == time else {
            return Reading(time: nil, flaw: "time is no hour", level: .zero, text: text)
        }
        guard let level = record["level"]?.numberText.flatMap({ Decimal($0) }) else {
            return Reading(time: time, flaw: "level is not a number", level: .zero, text: text)
        }
        let isPlausible = level >= Decimal(-100) && level <= Decimal(100)
        return Reading(time: time, flaw: isPlausible ? nil : "level out of range", level: level, text: text)
    }
}
