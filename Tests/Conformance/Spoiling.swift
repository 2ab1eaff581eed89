internal import TestSupport

/// Ways in which an answer's body is spoilt on its way, or was never one. Knows JSON and lines of text well enough to hit what matters.
struct Spoiling {
    /// What came of a body, and what may be believed of it.
    struct Spoilt {
        let way: String
        let body: [UInt8]
        /// No proof may rest on it that says less than the whole body would: it ends too soon, or is no answer at all.
        var isShort = false
        /// All that it says is so; it may say it twice.
        var isTrue = false
    }

    let body: [UInt8]
    private let tokens: [Range<Int>]
    private let records: [Range<Int>]

    init(_ body: [UInt8]) {
        self.body = body
        (tokens, records) = Self.scan(body)
    }

    /// Beginnings of the body: all of a small one, else so many, the first and the last ones among them.
    func beginnings(_ count: Int, _ dice: inout Seeded) -> [Spoilt] {
        let all = body.count
        let cuts = all <= count ? Array(0..<all)
            : Array(0..<4) + (0..<count).map { _ in dice.below(all) } + (0..<min(all, 12)).map { all - 1 - $0 }
        // (Of a body that ends in blanks nothing is lost with them.)
        let whole = body.lastIndex { $0 > 0x20 } ?? 0
        return cuts.filter { $0 <= whole }.map { Spoilt(way: "cut after \($0) of \(all) bytes", body: Array(body[..<$0]), isShort: true) }
    }

    /// What is no answer of any upstream's.
    var strangers: [Spoilt] {
        let strict = [
            "", " ", "null", "true", "0", "\"\"", "{}", "{", "\0", "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>",
            "{\"error\":\"internal\"}", "{\"message\":null}", String(repeating: "[", count: 20_000),
            String(repeating: "{\"a\":", count: 20_000), String(repeating: "9", count: 5000), "1e999999999", "-",
        ]
        let lenient: [(String, [UInt8])] = [
            ("[]", Array("[]".utf8)), ("twice", body + body), ("a byte order mark", [0xEF, 0xBB, 0xBF] + body), ("a tail", body + [0x7D]),
            ("no UTF-8", body.map { $0 == UInt8(ascii: "a") ? 0xFF : $0 }), ("blanks", body + Array(repeating: 0x20, count: 1000)),
        ]
        return strict.map { Spoilt(way: "replaced by \($0.prefix(20))", body: Array($0.utf8), isShort: true) }
            + lenient.map { Spoilt(way: $0.0, body: $0.1) }
    }

    /// One fault somewhere, or a few of them.
    func fault(_ dice: inout Seeded) -> Spoilt {
        var spoilt = body
        var ways: [String] = []
        // From behind, so that places stay true.
        for _ in 0..<(dice.chance(20) ? 2 + dice.below(4) : 1) where !spoilt.isEmpty { ways.append(spoil(&spoilt, &dice)) }
        return Spoilt(way: ways.joined(separator: ", "), body: spoilt)
    }

    private static let values = [
        "null", "true", "false", "\"\"", "\"x\"", "[]", "{}", "[[]]", "{\"a\":{\"b\":[1]}}", "0", "-1", "-0", "1e3", "1e400", "-1e-400",
        "0.1",
        "99999999999999999999999999", "9223372036854775807", "-9223372036854775808", "4294967296", "NaN", "\"9999-12-31T23:59:59Z\"",
        "\"0000-00-00\"", "\"\\u0000\"", "\"\\ud800\"", "\"\u{E9}\u{1F600}\"", "\"2025-02-30\"", "253402300799", "-62135596801", "1.5",
    ]

    private func spoil(_ bytes: inout [UInt8], _ dice: inout Seeded) -> String {
        let place = dice.below(bytes.count)
        // Tokens and records are those of the body as it came: after another fault a place may be another's, which is a fault too.
        switch dice.below(8) {
        case 0:
            bytes[place] ^= UInt8(1 << dice.below(8))
            return "a bit of byte \(place)"
        case 1:
            bytes.insert(UInt8(dice.below(256)), at: place)
            return "a byte more at \(place)"
        case 2:
            let end = min(bytes.count, place + 1 + dice.below(20))
            bytes.removeSubrange(place..<end)
            return "\(end - place) bytes less at \(place)"
        case 3, 4, 5:
            guard let token = tokens.randomElement(using: &dice), token.upperBound <= bytes.count else { break }
            let value = Self.values[dice.below(Self.values.count)]
            bytes.replaceSubrange(token, with: Array(value.utf8))
            return "\(value) at \(token.lowerBound)"
        case 6:
            guard let record = records.randomElement(using: &dice), record.upperBound <= bytes.count else { break }
            bytes.insert(contentsOf: [UInt8(ascii: ",")] + bytes[record], at: record.upperBound)
            return "a record twice at \(record.lowerBound)"
        default:
            guard let record = records.randomElement(using: &dice), record.upperBound <= bytes.count else { break }
            bytes.replaceSubrange(record, with: Array(Self.values[dice.below(Self.values.count)].utf8))
            return "a value in a record's place at \(record.lowerBound)"
        }
        bytes[place] = UInt8(dice.below(256))
        return "byte \(place)"
    }

    /// A record of the body twice, each of some.
    func doubled(_ count: Int, _ dice: inout Seeded) -> [Spoilt] {
        records.shuffled(using: &dice).prefix(count).map { record in
            var bytes = body
            bytes.insert(contentsOf: [UInt8(ascii: ",")] + bytes[record], at: record.upperBound)
            return Spoilt(way: "a record twice at \(record.lowerBound)", body: bytes, isTrue: true)
        }
    }

    /// Texts and numbers; and elements of arrays that are objects or arrays themselves.
    private static func scan(_ body: [UInt8]) -> (tokens: [Range<Int>], records: [Range<Int>]) {
        var tokens: [Range<Int>] = []
        var records: [Range<Int>] = []
        var open: [(byte: UInt8, at: Int)] = []
        var at = 0
        while at < body.count {
            let start = at
            switch body[at] {
            case UInt8(ascii: "\""):
                at += 1
                while at < body.count, body[at] != UInt8(ascii: "\"") { at += body[at] == UInt8(ascii: "\\") ? 2 : 1 }
                at = min(at + 1, body.count)
                tokens.append(start..<at)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                while at < body.count, isOfNumber(body[at]) { at += 1 }
                tokens.append(start..<at)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open.append((body[at], at))
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                at += 1
                guard let begun = open.popLast() else { continue }
                if open.last?.byte == UInt8(ascii: "[") { records.append(begun.at..<at) }
            default: at += 1
            }
        }
        return (tokens, records)
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"),
            UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
