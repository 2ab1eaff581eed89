import Bytes
import EventLoop
import Series
@testable import Store
import Testing
import TestSupport

/// Random editions in random order over several calls, against a model of a few lines.
@Suite struct EditionModelTests {
    struct Place: Hashable {
        let series: Int
        let time: Int64
    }

    /// What should be held, and what was, by place.
    struct Model {
        struct Held: Equatable {
            let values: [Value]
            let task: Int64
        }

        struct Change: Equatable {
            let old: Held
            let new: Held
        }

        var held: [Place: Held] = [:]
        var changes: [Place: [Change]] = [:]

        static func rank(_ values: [Value]) -> Int64 { if case .integer(let rank) = values[1] { rank } else { -1 } }

        mutating func take(_ rows: [StoredRow], task: Int64) {
            for (place, rows) in Dictionary(grouping: rows, by: { Place(series: $0.seriesID, time: $0.time) }) {
                var byRank: [Int64: [Value]] = [:]
                for row in rows { byRank[Self.rank(row.values)] = row.values }
                let before = held[place]
                var line = byRank.values.filter { $0 != before?.values }.map { Held(values: $0, task: task) }
                if let before { line.insert(before, at: 0) }
                // Stable: what is held stands before an arrival of its rank.
                let sorted = line.enumerated().sorted { a, b in
                    (Self.rank(a.element.values), a.offset) < (Self.rank(b.element.values), b.offset)
                }.map(\.element)
                for (old, new) in zip(sorted, sorted.dropFirst()) {
                    let isNoted = changes[place, default: []].contains { $0.old.values == old.values }
                    if old == before || !isNoted { changes[place, default: []].append(Change(old: old, new: new)) }
                }
                held[place] = sorted.last
            }
        }
    }

    @Test(arguments: [nil, nil, 5, 1_000_003] as [UInt64?])
    func randomEditionsInRandomOrder(_ given: UInt64?) async throws {
        let seed = given ?? UInt64.random(in: 1...UInt64.max)
        print("EditionModelTests seed \(seed)")
        try await StoreUnderTest.with(editions()) { _, held in
            var random = Seeded(seed)
            var model = Model()
            var arrived: [Place: Set<String>] = [:]
            for call in 0..<14 {
                let rows = (0..<Int.random(in: 1...60, using: &random)).map { _ in
                    let issued = Bool.random(using: &random) ? Int64.random(in: 0...3, using: &random) : nil
                    return held.edition(
                        "\(Int.random(in: 1...4, using: &random)).5", issued, time: Int64.random(in: 0...5, using: &random) * 3600,
                        series: Int.random(in: 0...1, using: &random))
                }
                let task = try await held.begin()
                let before = model
                model.take(rows, task: task.id)
                let counts = try await held.end(task, rows, now: Int64(call))
                let places = Set(rows.map { Place(series: $0.seriesID, time: $0.time) })
                #expect(counts.written == places.filter { before.held[$0] == nil }.count)
                #expect(counts.revised == places.filter { before.held[$0] != nil && before.held[$0] != model.held[$0] }.count)
                #expect(counts.written + counts.unchanged + counts.revised == places.count)
                // The last row of a place and rank is the one that counts.
                for (place, rows) in Dictionary(grouping: rows, by: { Place(series: $0.seriesID, time: $0.time) }) {
                    let byRank = Dictionary(rows.map { (Model.rank($0.values), "\($0.values)") }, uniquingKeysWith: { $1 })
                    arrived[place, default: []].formUnion(byRank.values)
                }
            }
            let stored = try await held.held()
            #expect(stored.count == model.held.count)
            for (place, one) in model.held { #expect(stored[[Int64(place.series), place.time]] == one.values) }
            let noted = Dictionary(grouping: try await held.revisions()) { Place(series: $0.seriesID, time: $0.time) }
            #expect(noted.count == model.changes.count)
            for (place, changes) in model.changes {
                let got = noted[place]?.map {
                    Model.Change(
                        old: .init(values: $0.old, task: $0.oldCall?.task ?? 0), new: .init(values: $0.new, task: $0.newCall?.task ?? 0))
                }
                #expect(got == changes, "\(place), seed \(seed)")
            }
            // Whatever came is held or noted, and nothing else is.
            for (place, texts) in arrived {
                let known = (noted[place]?.map { "\($0.old)" } ?? []) + [stored[[Int64(place.series), place.time]].map { "\($0)" } ?? ""]
                #expect(Set(known) == texts, "\(place), seed \(seed)")
            }
        }
    }
}
