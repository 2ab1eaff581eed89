import EventLoop
import Postgres
import Series
@testable import Store
import Testing

@Suite struct ReleaseTests {
    @Test func whatAPersonReleasesIsStoredAndNamesItsOwnCall() async throws {
        try await Refusing.with { _, held in
            try await held.call([held.row(2, 7)], refused: [held.refusal(3, "900")])
            let id = try #require(try await held.refusals().first?.id)
            let version = try #require(try await held.version())
            let asker = Asker("ana", requestID: "r-1")
            let released = try #require(try await held.store.release(refused: id, of: held.dataset, by: asker, now: 300_000))
            #expect(released.status == .released && released.resolvedBy == "ana" && released.resolvedAt == 300_000)
            #expect(try await held.held()[[Int64(held.ids[0]), 5400]] == [.integer(900)])
            let ledger = try await held.ledger()
            #expect(ledger.quarantined.isEmpty && ledger.held.ranges == [2..<4])
            #expect(try await held.isVerified())
            #expect(try #require(try await held.version()) == version + 1)

            let jobID = try #require(released.resolvedIngestionID)
            let job = try #require(try await held.store.ingestion(id: jobID))
            #expect(job.status == .completed && job.requestedBy == "ana" && job.sums.written == 1 && job.sums.requests == 0)
            #expect(job.sums.filled == 1 && job.sums.slotsPlanned == 1 && job.finishedAt != nil)
            let task = try #require(try await held.store.tasks(of: job.id, after: -1, limit: 10).first)
            #expect(task.id == released.resolvedTask && task.call.shape == "release" && task.status == "done" && task.ended == "proved")
            #expect(task.reason == "refused before, released by ana: \(id)")
            let notes = try await held.store.audit(.init(what: "refusal.released"), after: nil, limit: 10)
            #expect(notes.map(\.target) == ["\(id)"] && notes.map(\.requestID) == ["r-1"])

            // Once more changes nothing.
            #expect(try await held.store.release(refused: id, of: held.dataset, by: "eva", now: 400_000) == released)
            #expect(try await held.version() == version + 1)
            #expect(try await held.count("ingestions") == 2)
        }
    }

    @Test func whatCannotBeReleasedSaysWhy() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: [
                held.refusal(2, "x"), held.refusal(4, "900"), held.refusal(nil, "?", series: nil),
                QuarantinedRecord(reason: "long", record: String(repeating: "1", count: 3000), series: 0, time: 10_800),
            ])
            try await held.call([held.row(4, 1)], refused: [])
            func refusal(_ reason: String) async throws -> ReleaseRefusal? {
                let id = try #require(try await held.refusals().first { $0.record.hasPrefix(reason) }?.id)
                do {
                    _ = try await held.store.release(refused: id, of: held.dataset, by: "ana", now: 1)
                    return nil
                } catch let refusal as ReleaseRefusal { return refusal }
            }
            #expect(try await refusal("3600 ") == .unreadable("price is not a number"))
            #expect(try await refusal("7200 ") == .settled(.superseded))
            #expect(try await refusal("-1 ") == .unreadable("it cannot be told of which series it is"))
            #expect(try await refusal("111") == .unreadable("it was longer than what is kept of it"))
            #expect(try await held.store.release(refused: 99, of: held.dataset, by: "ana", now: 1) == nil)
            let mute = Refusing.dataset(limit: 1, canReread: false)
            await #expect(throws: ReleaseRefusal.noReread) { try await held.store.replay(.init(), of: mute, by: "ana", now: 1) }
            #expect(try await held.count("ingestions") == 2)
            #expect(try await held.isVerified())
        }
    }

    @Test func twoWhoReleaseTheSameStoreItOnce() async throws {
        try await Refusing.with { loop, held in
            try await held.call(refused: (0..<6).map { held.refusal($0, "900") })
            let ids = try await held.refusals().map(\.id)
            let token = loop.keep(held)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<3 {
                    group.addTask {
                        try await loop.enter { loop in
                            let held = loop[token]
                            for id in writer == 1 ? ids.reversed() : ids {
                                let one = try await held.store.release(refused: id, of: held.dataset, by: "w", now: 1)
                                #expect(one?.status == .released)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await held.count("ingestions") == 7)
            #expect(try await held.coverage()[0] == [0..<6])
            #expect(try await held.isVerified())
        }
    }

    @Test func afterARuleHasChangedWhatPassesIsStoredAndTheRestStaysOpen() async throws {
        try await Refusing.with { _, held in
            try await held.call(refused: (0..<8).map { held.refusal($0, "\(500 + $0 * 100)") } + [
                held.refusal(9, "x", "price is not a number"), held.refusal(3, "400", series: 1), held.refusal(nil, "?", series: nil),
            ])
            // By the rules as they were nothing passes.
            let before = try await held.store.replay(.init(), of: held.dataset, by: "ana", now: 300_000)
            #expect(before == Replayed(examined: 11))
            let looser = Refusing.dataset(limit: 800)
            // Four of a series and no more, in steps.
            let filter = Store.RefusalFilter(keys: [["a"]], from: 0, to: 4 * 1800)
            let first = try await held.store.replay(filter, of: looser, limit: 3, by: "ana", now: 300_000)
            #expect(first.examined == 3 && first.stored == 3 && first.ingestionID != nil && first.next != nil)
            let second = try await held.store.replay(filter, of: looser, after: first.next, limit: 3, by: "ana", now: 300_000)
            #expect(second.examined == 1 && second.stored == 1 && second.next == nil)
            #expect(try await held.coverage()[0] == [0..<4])
            #expect(try await held.ledger(0).quarantined.ranges == [2..<5])
            #expect(try await held.ledger(1).quarantined.ranges == [1..<2])
            #expect(try await held.isVerified())

            let rest = try await held.store.replay(.init(), of: looser, by: "ana", now: 300_000)
            #expect(rest.examined == 7 && rest.stored == 1 && rest.next == nil)
            let open = try await held.refusals(.init(status: .open))
            #expect(open.map(\.reason).sorted() == [
                "price is above 100", "price is above 800", "price is above 800", "price is above 800", "price is above 800",
                "price is not a number",
            ])
            #expect(try await held.refusals(.init(status: .replayed)).count == 5)
            #expect(try await held.isVerified())
            // Nothing is left to do.
            let version = try await held.version()
            #expect(try await held.store.replay(.init(), of: looser, by: "ana", now: 300_000) == Replayed(examined: 6))
            #expect(try await held.version() == version)
            let by = try await held.store.audit(.init(what: "refusals.replayed"), after: nil, limit: 10)
            #expect(by.count == 3 && by.allSatisfy { $0.who == "ana" })
        }
    }

    /// Beside others who claim at the same moment one may come away with nothing, and looks again.
    private func beginBesideOthers(_ held: StoreUnderTest) async throws -> ClaimedTask {
        try await held.file()
        for _ in 0..<100 {
            if let task = try await held.claim() { return task }
        }
        return try #require(nil as ClaimedTask?, "nothing was there to claim")
    }

    /// A call brings rows in whose place records stand, while these are released and replayed: nothing differs, nothing waits in a ring.
    @Test func besideRunningWritersNothingDiffers() async throws {
        try await Refusing.with { loop, held in
            let token = loop.keep(held)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<2 {
                    group.addTask {
                        try await loop.enter { loop in
                            let held = loop[token]
                            for round in 0..<15 {
                                let parts = (0..<6).map { (round * 5 + $0 * (writer + 1)) % 40 }
                                try await held.end(
                                    try await beginBesideOthers(held), parts.prefix(3).map { held.row($0, Int64(round), series: writer) },
                                    refused: parts.suffix(3).map { held.refusal($0, "\(700 + round % 3)", series: 1 - writer) })
                            }
                        }
                    }
                }
                group.addTask {
                    try await loop.enter { loop in
                        let held = loop[token]
                        for round in 0..<15 {
                            for one in try await held.refusals(.init(status: .open), limit: 3) {
                                do {
                                    _ = try await held.store.release(refused: one.id, of: held.dataset, by: "ana", now: 1)
                                } catch ReleaseRefusal.settled {
                                } catch StoreError.unavailable {
                                    // It is settled by others all the while, and says so: the next round asks again.
                                }
                            }
                            let rules = Refusing.dataset(limit: round % 2 == 0 ? 701 : 100)
                            do { _ = try await held.store.replay(.init(), of: rules, by: "e", now: 1) } catch StoreError.unavailable {}
                            #expect(try await held.isVerified())
                        }
                    }
                }
                try await group.waitForAll()
            }
            // Nobody is in the way any more.
            let rest = try await held.store.replay(.init(), of: Refusing.dataset(limit: 1000), by: "e", now: 1)
            #expect(rest.stored == rest.examined)
            #expect(try await held.isVerified())
        }
    }
}
