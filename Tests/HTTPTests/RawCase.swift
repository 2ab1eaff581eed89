@testable import HTTP

/// Bytes that somebody sends and what must become of them, in the words of `RawFeed`.
struct RawCase: Sendable {
    let name: String
    let bytes: [UInt8]
    let outcome: String
    let limits: Limits
}

/// Cases that differ in one place only: each is `before + middle + after`.
struct RawFamily: Sendable {
    let name: String
    let cases: [RawCase]

    /// `«80»` in a text stands for the byte 0x80.
    init(
        _ name: String, _ before: String = "", _ after: String = "", limits: Limits = .standard,
        _ rows: [(name: String, middle: String, outcome: String)]
    ) {
        self.name = name
        cases = rows.map { row in
            RawCase(name: name + ": " + row.name, bytes: Self.bytes(before + row.middle + after), outcome: row.outcome, limits: limits)
        }
    }

    private static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var escape: [UInt8]?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "«": escape = []
            case "»":
                bytes.append(UInt8(String(decoding: escape ?? [], as: UTF8.self), radix: 16) ?? 0)
                escape = nil
            default:
                if escape == nil { bytes += Array(String(scalar).utf8) } else { escape? += Array(String(scalar).utf8) }
            }
        }
        return bytes
    }

    static let all: [RawFamily] =
        RawCasesRequestLine.all + RawCasesTarget.all + RawCasesFields.all + RawCasesHost.all + RawCasesFraming.all + RawCasesChunks.all
        + RawCasesConnection.all + RawCasesLimits.all
}
