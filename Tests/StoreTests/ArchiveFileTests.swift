import EventLoop
import Series
@testable import Store
import Testing

/// Files that were found, by what they hold.
@Suite struct ArchiveFileTests {
    private static func place(_ path: String, _ size: Int64 = 1, _ modified: Int64 = 2, _ inode: Int64 = 3) -> ArchivePlace {
        ArchivePlace(path: path, size: size, modifiedAt: modified, inode: inode)
    }

    @Test func oneContentUnderTwoNamesIsOneFile() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let first = try await held.register(1, "old/AUSD_1.csv", now: 5)
            let second = try await held.register(1, "all.zip/AUSD_1.csv", now: 9)
            #expect(second.id == first.id && second.paths == ["all.zip/AUSD_1.csv", "old/AUSD_1.csv"] && second.foundAt == 5)
            // The same bytes under another pair's name are another file.
            #expect(try await held.register(1, "BUSD_1.csv", series: 1).id != first.id)
            try await held.load([Candle(1)])
            let again = try await held.register(1, "third.csv")
            #expect(again.status == .imported && again.counts.written == 1)
        }
    }

    @Test func aFileThatIsAsItWasIsKnownWithoutReading() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let store = held.store
            let content = ArchiveContent(seriesID: held.ids[0], sha256: StoreUnderTest.digest(4), bytes: 7, times: 60...120, rows: 2)
            let file = try await store.registerArchiveFile(content, at: Self.place("a.csv"), of: "candles", now: 1)
            #expect(file.times == 60...120 && file.rows == 2 && file.bytes == 7 && file.status == .found)
            let seen = [
                Self.place("a.csv"), Self.place("a.csv", 2), Self.place("a.csv", 1, 9), Self.place("a.csv", 1, 2, 9), Self.place("b.csv"),
            ]
            var known: [Int] = []
            for place in seen { known.append(try await store.knownArchiveFiles(at: [place], of: "candles").count) }
            #expect(known == [1, 0, 0, 0, 0])
            #expect(try await store.knownArchiveFiles(at: seen, of: "candles")["a.csv"] == file)
            #expect(try await store.knownArchiveFiles(at: seen, of: "others").isEmpty)
        }
    }

    @Test func aFileThatGrowsWaitsUntilItsContentIsKnown() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let store = held.store
            let waiting = try await store.awaitArchiveFile(
                of: held.ids[0], at: Self.place("a.csv", 1), of: "candles", reason: "it grows", now: 1)
            #expect(waiting.status == .waiting && waiting.sha256 == nil && waiting.reason == "it grows" && waiting.paths == ["a.csv"])
            let still = try await store.awaitArchiveFile(
                of: held.ids[0], at: Self.place("a.csv", 2), of: "candles", reason: "it still grows", now: 2)
            #expect(still.id == waiting.id && still.reason == "it still grows" && still.foundAt == 1)
            #expect(try await store.knownArchiveFiles(at: [Self.place("a.csv", 2)], of: "candles").isEmpty)
            let task = try await held.begin()
            await #expect(throws: LoadError.notFound(file: waiting.id)) {
                _ = try await store.load(file: waiting.id, for: task, of: held.dataset, now: 0) { { .end(LoadEnd(sha256: [], rows: 0)) } }
            }
            let grown = try await held.register(8, "a.csv")
            #expect(try await store.archiveFiles(of: "candles", limit: 9) == [grown])
        }
    }

    @Test func whatAPlaceHeldBeforeIsForgottenUnlessItWasImported() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            _ = try await held.register(1, "a.csv")
            _ = try await held.register(2, "a.csv")
            #expect(try await held.store.archiveFiles(of: "candles", limit: 9).map(\.sha256) == [StoreUnderTest.digest(2)])
            let file = try #require(try await held.store.archiveFiles(of: "candles", limit: 9).first)
            try await held.load([Candle(1)], 2)
            _ = try await held.register(3, "a.csv")
            _ = try await held.register(3, "2.csv")
            let left = try await held.store.archiveFiles(of: "candles", limit: 9)
            #expect(left.map(\.status) == [.imported, .found] && left[0].id == file.id && left[0].paths == [])
        }
    }

    @Test func filesAreListedInPagesAndByWhatTheyAre() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            let store = held.store
            var ids: [Int64] = []
            for content in 1...5 { ids.append(try await held.register(UInt8(content), series: content % 2).id) }
            try await store.markArchiveFile(ids[2], .failed, reason: "line 3 is cut off", task: 44)
            let first = try await store.archiveFiles(of: "candles", limit: 3)
            let second = try await store.archiveFiles(of: "candles", after: first[2].id, limit: 3)
            #expect(first.map(\.id) + second.map(\.id) == ids)
            #expect(try await store.archiveFiles(of: "candles", series: [held.ids[0]], limit: 9).map(\.id) == [ids[1], ids[3]])
            let failed = try await store.archiveFiles(of: "candles", status: .failed, limit: 9)
            #expect(failed.map(\.id) == [ids[2]] && failed[0].reason == "line 3 is cut off")
            #expect(try await store.archiveFiles(of: "candles", task: 44, limit: 9) == failed)
            try await store.markArchiveFile(ids[2], .found)
            #expect(try await store.archiveFile(ids[2])?.status == .found)
            #expect(try await store.archiveFile(999) == nil)
        }
    }

    /// Quarters beside each other are no editions of each other.
    @Test func editionsAreCountedWhereTheyOverlap() async throws {
        try await StoreUnderTest.with(candles()) { _, held in
            var editions: [Int] = []
            for (content, minutes) in [(1, 0..<10), (2, 10..<20), (3, 5..<12), (4, 0..<3), (5, 30..<40)] as [(UInt8, Range<Int64>)] {
                editions.append(try await held.load(minutes.map { Candle($0) }, content).edition)
            }
            #expect(editions == [1, 1, 2, 2, 1])
            await #expect(throws: LoadError.isImported) { try await held.load((0..<10).map { Candle($0) }, 1) }
            #expect(try await held.load((0..<10).map { Candle($0) }, 6, series: 1).edition == 1)
        }
    }
}
