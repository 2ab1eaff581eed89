import Foundation

/// What fits on a page can be read on a page.
enum SizeRules {
    static let lineColumns = 140, fileLines = 400, functionLines = 70

    static func check(_ file: HouseFile) -> [Violation] {
        guard file.isSwift else { return [] }
        return longLines(file) + longFile(file) + longFunctions(file)
    }

    static func longLines(_ file: HouseFile) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            line.count <= lineColumns ? nil : Violation(
                path: file.path, line: index + 1, reason: "\(line.count) columns, at most \(lineColumns)")
        }
    }

    static func longFile(_ file: HouseFile) -> [Violation] {
        let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
        return count <= fileLines ? [] : [Violation(path: file.path, line: nil, reason: "\(count) lines, at most \(fileLines)")]
    }

    static func longFunctions(_ file: HouseFile) -> [Violation] {
        let code = Array(file.code.utf8)
        return Pattern(#"\b(func\s+\S|init[?(<]|deinit\b|subscript\b|var\s+\w+\s*:)"#).matches(in: file.code).compactMap { match in
            guard let body = bodyStart(code, match.start) else { return nil }
            let end = SwiftText.endOfBraces(code, body)
            let count = code[match.start..<end].count { $0 == SwiftText.newline } + 1
            return count <= functionLines ? nil : Violation(
                path: file.path, line: match.line, reason: "a body of \(count) lines, at most \(functionLines)")
        }
    }

    /// The brace that opens the declaration's body; nil for requirements and stored properties, which have none.
    private static func bodyStart(_ code: [UInt8], _ start: Int) -> Int? {
        let continuations = ["where", "->", "{", "throws", "async", "&", ")"]
        var depth = 0
        var at = start
        while at < code.count {
            switch code[at] {
            case SwiftText.open, SwiftText.bracket: depth += 1
            case SwiftText.shut, SwiftText.unbracket: depth -= 1
            case SwiftText.brace where depth == 0: return at
            case SwiftText.unbrace where depth == 0: return nil
            case UInt8(ascii: "=") where depth == 0 && code[start] == UInt8(ascii: "v"): return nil
            case SwiftText.newline where depth == 0:
                let next = code[at...].drop { $0 == SwiftText.space || $0 == SwiftText.newline }
                if !continuations.contains(where: { next.starts(with: $0.utf8) }) { return nil }
            default: break
            }
            at += 1
        }
        return nil
    }
}
