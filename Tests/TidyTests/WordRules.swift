import Foundation

/// Words that are banned, each with its reason.
struct WordRule: Sendable {
    let pattern: String
    let reason: String
    /// Of code (comments and texts blanked) or of the text as it stands.
    var inText = false
    let applies: @Sendable (HouseFile) -> Bool

    func check(_ file: HouseFile) -> [Violation] {
        guard applies(file) else { return [] }
        return Pattern(pattern).matches(in: inText ? file.text : file.code).map {
            Violation(path: file.path, line: $0.line, reason: "`\($0.text.trimmingCharacters(in: .whitespacesAndNewlines))`: \(reason)")
        }
    }
}

enum WordRules {
    private static let sources: @Sendable (HouseFile) -> Bool = { $0.isSource && $0.isSwift }

    private static func sources(but names: String...) -> @Sendable (HouseFile) -> Bool {
        { $0.isSource && $0.isSwift && !names.contains($0.name) }
    }

    static let all: [WordRule] = [
        WordRule(pattern: #"\b(public(\(set\))?\s|open\s+(class|func|var|subscript|init)\b)"#,
                 reason: "`package` is the widest access", applies: sources),
        WordRule(pattern: #"\bimport\s+Foundation\w*"#, reason: "the program does not link Foundation", applies: sources),
        WordRule(pattern: #"@unchecked\s+Sendable"#, reason: "only LoopThread.swift may promise that by hand",
                 applies: sources(but: "LoopThread.swift")),
        WordRule(pattern: #"nonisolated\(unsafe\)"#, reason: "only LoopThread.swift may promise that by hand",
                 applies: sources(but: "LoopThread.swift")),
        WordRule(pattern: #"\bTask\s*\{"#, reason: "a bare task leaves the loop; use a task group", applies: sources(but: "Loop.swift")),
        WordRule(pattern: #"\bTask\.(detached|sleep|yield|immediate)\b"#, reason: "it leaves the loop; use loop.sleep or a task group",
                 applies: sources(but: "Loop.swift")),
        WordRule(pattern: #"\b(DispatchQueue|DispatchSemaphore|NSLock|NSRecursiveLock)\b"#,
                 reason: "state lives on a loop or behind a Mutex", applies: sources),
        WordRule(pattern: #"(?<![.\w])(print|debugPrint|dump)\("#, reason: "only Command writes to the terminal",
                 applies: { $0.isSource && $0.isSwift && $0.target != "Command" }),
        WordRule(pattern: #"\bfatalError\("#, reason: "throw, or precondition with a sentence", applies: sources),
        WordRule(pattern: #"\b(TODO|FIXME|XXX)\b"#, reason: "do it, or write an issue", inText: true,
                 applies: { $0.target != "TidyTests" && !$0.path.hasSuffix(".md") }),
        WordRule(pattern: #"(?<![\w.*-])/(work|root|home/\w+)/"#, reason: "a path of one machine", inText: true,
                 applies: { $0.target != "TidyTests" }),
        WordRule(pattern: #"\b(registry\.npmjs|proxy\.golang|files\.pythonhosted|artifactory|nexus)\b|https?://[\w.-]*\bpypi\."#,
                 reason: "a package registry's host", inText: true, applies: { $0.target != "TidyTests" }),
    ]

    static func check(_ file: HouseFile) -> [Violation] { all.flatMap { $0.check(file) } + captureLists(file) }

    /// A capture list makes an async closure run off its caller's actor, with no diagnostic (swiftlang/swift issue 87097).
    /// A closure counts as async if its signature says so or if it awaits.
    static func captureLists(_ file: HouseFile) -> [Violation] {
        guard file.isSource, file.isSwift else { return [] }
        let code = Array(file.code.utf8)
        let heads = Pattern(#"\{\s*(@\w+\s+)*\[[^\]\n]*\]\s*(\([^)\n]*\)|[\w, ]+)?[^\n{}]*?\bin\b"#).matches(in: file.code)
        return heads.filter { head in
            let body = String(decoding: code[head.start..<SwiftText.endOfBraces(code, head.start)], as: UTF8.self)
            return !Pattern(#"\basync\b|\bawait\b"#).matches(in: body).isEmpty
        }.map {
            Violation(path: file.path, line: $0.line, reason: "a capture list on an async closure: it would leave its actor")
        }
    }
}
