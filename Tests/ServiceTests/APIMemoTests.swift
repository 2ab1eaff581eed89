@testable import API
import EventLoop
import HTTP
import Testing

@Suite struct APIMemoTests {
    /// However many targets are asked for, what is remembered of them is bounded, and answers stay right.
    @Test func targetsAreRememberedWithinBounds() async throws {
        try await APIUnderTest.with { api in
            let path = "/v1/quarters/series?node=a&limit="
            let first = try await api.get(path + "1")
            #expect(api.service.memo.count == 1)
            for limit in 1...(TargetMemo.entriesMax + 10) {
                #expect(try await api.get(path + "\(limit)").status == 200)
                #expect(api.service.memo.count <= TargetMemo.entriesMax)
            }
            #expect(try await api.get(path + "1").body == first.body)
            // What cannot be parsed is not remembered, nor are targets beyond measure.
            let before = api.service.memo.count
            #expect(try await api.get(path + "x").status == 400)
            #expect(try await api.get(path + "5&node=" + String(repeating: "a,", count: 1500) + "a").status == 200)
            #expect(api.service.memo.count == before)
        }
    }

    @Test func oneTargetInTwoFormsIsTwoAnswers() async throws {
        try await APIUnderTest.with { api in
            let path = "/v1/quarters/history?node=a&source=online&from=2025-12-01&to=2025-12-02"
            for _ in 0..<2 {
                #expect(try await api.get(path).header("Content-Type") == "application/json")
                let table = try await api.get(path, [("Accept", "text/csv")])
                #expect(table.header("Content-Type")?.hasPrefix("text/csv") == true)
            }
            #expect(api.service.memo.count == 2)
        }
    }
}
