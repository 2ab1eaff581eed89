import Foundation

/// Names of files and folders, opening paragraphs, and links between documents.
enum LayoutRules {
    private static let vague: Set<String> = [
        "util", "utils", "utility", "utilities", "common", "helper", "helpers", "manager", "managers", "misc",
    ]

    static func names(_ paths: some Sequence<String>) -> [Violation] {
        paths.sorted().compactMap { path in
            let last = path.split(separator: "/").last ?? ""
            let words = last.replacing(/([a-z0-9])([A-Z])/) { "\($0.1) \($0.2)" }.lowercased().split { !$0.isLetter }
            return words.first { vague.contains(String($0)) }.map {
                Violation(path: path, line: nil, reason: "`\($0)` names no duty")
            }
        }
    }

    /// Every target of Swift opens with a paragraph that names it: `// Target: ...`, over two lines at least.
    static func openings(of targets: [String], in files: [HouseFile]) -> [Violation] {
        targets.compactMap { target in
            let paths = ["Sources/\(target)/About.swift", "Tests/\(target)/About.swift"]
            guard let about = files.first(where: { paths.contains($0.path) }) else {
                return Violation(path: paths[0], line: nil, reason: "the target has no opening paragraph")
            }
            let paragraph = about.lines.prefix { $0.hasPrefix("//") }
            if paragraph.first?.hasPrefix("// \(target): ") == true && paragraph.count >= 2 { return nil }
            return Violation(path: about.path, line: 1, reason: "does not open with `// \(target): ` and what it must and must not do")
        }
    }

    /// Links to files resolve; what begins with a scheme or `#` is not looked at.
    static func links(_ file: HouseFile, paths: Set<String>) -> [Violation] {
        guard file.path.hasSuffix(".md") else { return [] }
        let folder = file.path.split(separator: "/").dropLast().map(String.init)
        return Pattern(#"(?<=\]\()[^)\s]+(?=\))"#).matches(in: file.text).compactMap { match in
            if match.text.contains("://") || match.text.hasPrefix("#") || match.text.hasPrefix("mailto:") { return nil }
            var parts = folder
            for part in match.text.split(separator: "#")[0].split(separator: "/") where part != "." {
                if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
            }
            let target = parts.joined(separator: "/")
            return target.isEmpty || paths.contains(target) ? nil : Violation(
                path: file.path, line: match.line, reason: "the link to \(match.text) leads nowhere")
        }
    }
}
