@testable import API
@testable import Answers
import HTTP
import Testing

/// What the reader's memory and the memo of targets hold together.
@Suite struct AnswerMemoryTests {
    /// The reader holds an answer by its question, the memo by its target: its body lies in memory once.
    @Test func aBodyThatBothHoldIsOneArray() async throws {
        try await ReaderUnderTest.with(now: "2025-12-10T12:00:00-03:00") { _, test in
            try await test.fill("a/online", "2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let query = try test.query("2025-12-01T00:00:00-03:00", "2025-12-02T00:00:00-03:00")
            let first = try await test.reader.history(query)
            let prepared = PreparedAnswer(first, link: nil)
            let second = try #require(test.reader.cached(query))
            #expect(Self.place(first.body) == Self.place(second.body))
            #expect(Self.place(prepared.plain.answer.body) == Self.place(second.body))
        }
    }

    private static func place(_ bytes: [UInt8]) -> UnsafePointer<UInt8>? { bytes.withUnsafeBufferPointer(\.baseAddress) }
}
