import Foundation

/// One file of the house, with its path from the root.
struct HouseFile: Sendable {
    let path: String
    let text: String
    /// `text` with comments and string literals blanked out, line by line; for Swift only.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = path.hasSuffix(".swift") ? SwiftText.code(of: text) : text
    }

    var name: String { String(path.split(separator: "/").last ?? "") }
    var isSwift: Bool { path.hasSuffix(".swift") }
    var isSource: Bool { path.hasPrefix("Sources/") }

    /// The target whose folder holds the file: `Sources/X/...`, `Tests/X/...`.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && ["Sources", "Tests"].contains(parts[0]) ? String(parts[1]) : nil
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// All files that the project keeps. What the build and the demonstration make is left out, as in .gitignore.
struct House: Sendable {
    let root: String
    let files: [HouseFile]
    /// Every path, of files and folders, also of files that are not text.
    let paths: Set<String>

    static let here = House(root: URL(filePath: #filePath).pathComponents.dropFirst().dropLast(3).reduce("") { $0 + "/" + $1 })

    init(root: String) {
        self.root = root
        var files: [HouseFile] = []
        var paths: Set<String> = []
        func walk(_ folder: String) {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
            for name in names.sorted() where !Self.isMade(name) {
                let path = folder.isEmpty ? name : folder + "/" + name
                paths.insert(path)
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) else { continue }
                if isFolder.boolValue {
                    walk(path)
                } else if let text = try? String(contentsOfFile: root + "/" + path, encoding: .utf8) {
                    files.append(HouseFile(path: path, text: text))
                }
            }
        }
        walk("")
        self.files = files
        self.paths = paths
    }

    private static func isMade(_ name: String) -> Bool {
        [".git", ".venv", ".DS_Store", "Package.resolved", "__pycache__"].contains(name)
            || name.hasPrefix(".build") || name.hasPrefix(".gapless") || name.hasSuffix(".o")
    }
}

struct Violation: Sendable, CustomStringConvertible {
    let path: String
    let line: Int?
    let reason: String

    var description: String { path + (line.map { ":\($0)" } ?? "") + ": " + reason }
}
