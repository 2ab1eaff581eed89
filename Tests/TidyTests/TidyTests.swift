import Foundation
import Testing

/// The house rules, over the whole house, in one list; and that each rule bites.
@Suite struct TidyTests {
    @Test func theHouseIsTidy() throws {
        let house = House.here
        let package = try #require(house.files.first { $0.path == "Package.swift" }, "no Package.swift in \(house.root)")
        let imports = ImportRules(package: package.text)
        #expect(imports.targets.count >= 16, "Package.swift was not understood: \(imports.targets)")

        var violations = LayoutRules.names(house.paths)
        violations += LayoutRules.openings(of: imports.targets, in: house.files)
        violations += imports.arrows()
        for file in house.files {
            violations += SizeRules.check(file) + WordRules.check(file) + imports.check(file)
            violations += LayoutRules.links(file, paths: house.paths)
        }
        if violations.isEmpty { return }
        let list = violations.map(\.description).sorted().joined(separator: "\n")
        Issue.record("\(violations.count) violations of the house rules:\n\(list)")
    }

    @Test(arguments: [
        "public func f() {}", "internal import Foundation", "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1",
        "Task { await f() }", "Task.detached { }", "try await Task.sleep(for: .seconds(1))", "await Task.yield()",
        "let q = DispatchQueue(label: name)", "let lock = NSLock()", "print(1)", "fatalError()", "// TO" + "DO: later", "// FIX" + "ME",
        "let p = \"/wo" + "rk/a\"", "let h = \"https://py" + "pi.org/simple\"",
        "run { [box] in await box.go() }", "run { [weak self] (a: Int) async throws -> Int in try go() }",
    ])
    func aBannedWordIsFound(_ snippet: String) {
        #expect(WordRules.check(HouseFile(path: "Sources/Store/Bad.swift", text: snippet + "\n")).count == 1, "\(snippet)")
    }

    @Test(arguments: [
        "// Task.sleep would leave the loop", "let text = \"print(1) \\(name(\"public \")) Task {\"", "let f = { [box] in box.go() }",
        "let t = Task(executorPreference: loop) {}",
        "stream.print(1)", "let a = xs.map { [$0, 1] }", "/* public /* open */ fatalError( */",
        "let raw = #\"a \" public func\"#", "let many = \"\"\"\n  public func f()\n  \"\"\"",
        "template = \"/tmp/XXXXXX\"", "let openFile = 1", "if open > 0 {}",
    ])
    func anInnocentLineIsNot(_ snippet: String) {
        let found = WordRules.check(HouseFile(path: "Sources/Store/Good.swift", text: snippet + "\n"))
        #expect(found.isEmpty, "\(snippet): \(found)")
    }

    @Test func exceptionsAreByFile() {
        let words = "final class A: @unchecked Sendable { nonisolated(unsafe) var a = 1 }\n"
        #expect(WordRules.check(HouseFile(path: "Sources/EventLoop/LoopThread.swift", text: words)).isEmpty)
        #expect(WordRules.check(HouseFile(path: "Sources/EventLoop/Loop.swift", text: "Task { }\n")).isEmpty)
        #expect(WordRules.check(HouseFile(path: "Sources/Command/Out.swift", text: "print(1)\n")).isEmpty)
    }

    @Test func sizesAreMeasured() {
        func file(_ text: String) -> HouseFile { HouseFile(path: "Sources/Store/Long.swift", text: text) }
        let line = String(repeating: "x", count: 140)
        #expect(SizeRules.check(file(line + "\n")).isEmpty)
        #expect(SizeRules.check(file(line + "x\n")).count == 1)
        #expect(SizeRules.check(file(String(repeating: "\n", count: 400))).isEmpty)
        #expect(SizeRules.check(file(String(repeating: "\n", count: 401))).count == 1)
        func function(_ head: String, lines: Int) -> String {
            "\(head) {\n" + String(repeating: "    if a { b() }\n", count: lines - 2) + "}\n"
        }
        for head in ["func f(\n) async -> Int", "init(a: Int = 1)", "deinit", "var a: [String: Int]", "subscript(i: Int) -> Int"] {
            let extra = head.contains("\n") ? 1 : 0
            #expect(SizeRules.check(file(function(head, lines: 70 - extra))).isEmpty, "\(head)")
            #expect(SizeRules.check(file(function(head, lines: 71 - extra))).count == 1, "\(head)")
        }
        let requirement = "protocol P {\n    func f() -> Int\n    var a: Int { get }\n}\n"
        #expect(SizeRules.check(file(requirement + function("struct S", lines: 90))).isEmpty)
    }

    @Test func importsAreHeldToTheTable() {
        let rules = ImportRules(package: """
            station("Bytes"),
            station("Series", imports: ["Bytes"]),
            station("Store", imports: ["Series",
                "Bytes"]),
            tests(of: "Store", imports: ["Store"]),
            .target(name: "TestSupport", dependencies: ["Bytes"], path: "Tests/TestSupport"),
            """)
        #expect(rules.targets == ["Bytes", "Series", "Store", "TestSupport"])
        func found(_ path: String, _ text: String) -> Int { rules.check(HouseFile(path: path, text: text)).count }
        #expect(found("Sources/Store/A.swift", "internal import Series\npackage import Bytes\nimport Glibc\n") == 0)
        #expect(found("Sources/Store/A.swift", "internal import Postgres\n") == 1)
        #expect(found("Sources/Store/A.swift", "internal import struct HTTP.Request\n") == 1)
        #expect(found("Sources/Series/A.swift", "internal import Glibc\n") == 1)
        #expect(found("Tests/StoreTests/A.swift", "import Testing\n@testable import Store\n") == 0)
        #expect(found("Tests/StoreTests/A.swift", "@testable import Series\n") == 1)
        #expect(found("Sources/Nowhere/A.swift", "") == 1)
        let wrong = ImportRules(package: """
            station("Series", imports: ["Store"]), station("Answers", imports: ["Upstream"]), station("API", imports: ["CCurl", "Sandbox"])
            """)
        #expect(wrong.arrows().count == 4)
    }

    @Test func layoutIsHeld() {
        #expect(LayoutRules.names(["Sources/A/Utils.swift", "Sources/common", "a/StoreManager.swift", "b/helper_x.sh"]).count == 4)
        #expect(LayoutRules.names(["Sources/Commons.swift", "Sources/Utilisation.swift"]).isEmpty)
        func about(_ text: String) -> Int {
            LayoutRules.openings(of: ["Store"], in: [HouseFile(path: "Sources/Store/About.swift", text: text)]).count
        }
        #expect(about("// Store: all SQL.\n// It must never fetch.\n") == 0)
        #expect(about("// Store\n") == 1)
        #expect(LayoutRules.openings(of: ["Store"], in: []).count == 1)
        let page = HouseFile(path: "docs/a.md", text: "[b](b.md) [c](../README.md#x) [d](https://x.example/y) [e](gone.md) [f](#here)\n")
        let broken = LayoutRules.links(page, paths: ["docs/b.md", "README.md"])
        #expect(broken.count == 1 && broken[0].reason.contains("gone.md"))
    }
}
