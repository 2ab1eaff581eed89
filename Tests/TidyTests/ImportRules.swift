import Foundation

/// Who may import whom. The build's own check does not see imports of what is only there transitively; this does.
struct ImportRules: Sendable {
    /// By target, as Package.swift declares it.
    let declared: [String: Set<String>]

    init(package: String) {
        var declared: [String: Set<String>] = [:]
        let calls = Pattern(
            #"(station|tests)\((of:\s*)?"\w+"(,\s*imports:\s*\[[^\]]*\])?|"#
                + #"\.(executableTarget|target)\(\s*name:\s*"\w+",\s*dependencies:\s*\[[^\]]*\]"#)
        for call in calls.matches(in: package) {
            let words = Pattern(#"(?<=")\w+(?=")"#).matches(in: call.text).map(\.text)
            guard let name = words.first else { continue }
            declared[call.text.hasPrefix("tests") ? name + "Tests" : name] = Set(words.dropFirst())
        }
        self.declared = declared
    }

    var targets: [String] { declared.keys.filter { !$0.hasSuffix("Tests") && $0 != "gapless" }.sorted() }

    private static let pure: Set<String> = ["Series", "Datasets"]

    func check(_ file: HouseFile) -> [Violation] {
        guard file.isSwift, let target = file.target else { return [] }
        guard let declared = declared[target] else {
            return [Violation(path: file.path, line: nil, reason: "\(target) is no target of Package.swift")]
        }
        var allowed = declared
        if !Self.pure.contains(target) { allowed.formUnion(["Glibc", "Synchronization"]) }
        if !file.isSource { allowed.formUnion(["Testing", "Foundation", "FoundationNetworking"]) }
        return Pattern(#"^[ \t]*(@\w+[ \t]+)*(\w+[ \t]+)?import[ \t]+((struct|class|enum|protocol|func|var|let|typealias)[ \t]+)?[\w.]+"#)
            .matches(in: file.code).compactMap { match in
                let module = match.text.split { $0 == " " || $0 == "\t" }.last?.split(separator: ".").first.map(String.init) ?? ""
                return allowed.contains(module) ? nil : Violation(
                    path: file.path, line: match.line, reason: "\(target) may not import \(module)")
            }
    }

    /// Arrows that must never be, whatever Package.swift says.
    func arrows() -> [Violation] {
        let only: [String: Set<String>] = [
            "Bytes": [], "Series": ["Bytes"], "Datasets": ["Series", "Bytes"], "Codec": ["CCrypto", "CZlib"], "EventLoop": ["CSystem"],
        ]
        let never: [String: Set<String>] = [
            "Store": ["Datasets", "HTTP"], "Ingest": ["Datasets", "HTTP"], "Answers": ["Datasets", "HTTP", "Upstream"],
            "API": ["Postgres", "Redis", "Upstream"], "Sandbox": ["Series"],
        ]
        let wrappers = [
            "CSystem": "EventLoop", "CPostgres": "Postgres", "CRedis": "Redis", "CCurl": "Upstream", "CCrypto": "Codec", "CZlib": "Codec",
        ]
        var found: [String] = []
        for (target, imports) in declared where !target.hasSuffix("Tests") {
            if let most = only[target] { found += imports.subtracting(most).map { "\(target) -> \($0)" } }
            found += imports.intersection(never[target] ?? []).map { "\(target) -> \($0)" }
            if target != "Command" && imports.contains("Sandbox") { found.append("\(target) -> Sandbox") }
            found += imports.filter { wrappers[$0] != nil && wrappers[$0] != target }.map { "\(target) -> \($0)" }
        }
        return found.sorted().map { Violation(path: "Package.swift", line: nil, reason: "the arrow \($0) must not be") }
    }
}
