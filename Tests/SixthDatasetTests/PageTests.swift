import Foundation
import Testing

/// The page for newcomers is compiled: its blocks that name a file are the files of this folder, byte for byte.
@Suite struct PageTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    private static let page = folder.deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/adding-a-dataset.md")

    /// Files that are not of the page.
    private static let others: Set<String> = [
        "PageTests.swift", "TidesServiceTests.swift", "BrokenTides.swift", "BrokenTidesTests.swift",
    ]

    /// By file name, what stands between "```swift Name.swift" and "```".
    static func blocks(_ page: String) -> [(name: String, text: String)] {
        var blocks: [(name: String, text: String)] = []
        var isOpen = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if isOpen {
                if line == "```" { isOpen = false } else { blocks[blocks.count - 1].text += line + "\n" }
            } else if let name = line.wholeMatch(of: /```swift (\S+\.swift)/)?.1 {
                blocks.append((String(name), ""))
                isOpen = true
            }
        }
        return blocks
    }

    @Test func thePageIsWhatIsCompiled() throws {
        let blocks = Self.blocks(try String(contentsOf: Self.page, encoding: .utf8))
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path()).filter { $0.hasSuffix(".swift") }
        #expect(blocks.map(\.name).sorted() == files.filter { !Self.others.contains($0) }.sorted())
        for block in blocks {
            let file = try String(contentsOf: Self.folder.appending(path: block.name), encoding: .utf8)
            #expect(block.text == file, "the page's \(block.name) is not the file's")
        }
    }

    @Test func aBlockIsReadAsItStands() {
        let page = "text\n```swift A.swift\nlet a = 1\n\n    // b\n```\n```swift\nlet b = 2\n```\n```swift B.swift\n```\n"
        let blocks = Self.blocks(page)
        #expect(blocks.map(\.name) == ["A.swift", "B.swift"] && blocks.map(\.text) == ["let a = 1\n\n    // b\n", ""])
    }

    /// What the page sends a newcomer to is there.
    @Test func thePlacesOfTheChecklistAreThere() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let root = Self.folder.deletingLastPathComponent().deletingLastPathComponent()
        let path = /`((?:Sources|Tests|scripts|docs|Fuzz|Torture)\/[\w\/+.-]+|openapi\.yaml|docker-compose\.yml|\.env\.example)`/
        let named = Set(text.matches(of: path).map { String($0.1) })
        #expect(named.count > 12)
        for path in named where !path.contains("Tides") && !path.contains("tides") {
            #expect(FileManager.default.fileExists(atPath: root.appending(path: path).path()), "\(path) is not there")
        }
    }
}
