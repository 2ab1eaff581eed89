import Series
import TestSupport
import Testing

/// Lanes that want the same thing get their shares of it.
@Suite struct LaneTurnsTests {
    @Test func ofTenTurnsEachHasItsShare() {
        var turns = LaneTurns()
        for _ in 0..<5 {
            let ten = (0..<10).compactMap { _ in turns.next(among: Set(Lane.allCases)) }
            for lane in Lane.allCases { #expect(ten.count { $0 == lane } == lane.share) }
        }
        #expect(turns.next(among: []) == nil)
    }

    /// Whoever comes and goes: nobody who wants a turn all the time waits for more than the others' shares allow.
    @Test(arguments: 1...20 as ClosedRange<UInt64>) func nobodyWaitsForEver(seed: UInt64) {
        var random = Seeded(seed)
        var turns = LaneTurns()
        var waited: [Lane: Int] = [:]
        for _ in 0..<5000 {
            let wanting = Set(Lane.allCases.filter { $0 == .history || random.below(3) > 0 })
            let next = turns.next(among: wanting)!
            #expect(wanting.contains(next))
            for lane in Lane.allCases { waited[lane] = wanting.contains(lane) && lane != next ? waited[lane, default: 0] + 1 : 0 }
            #expect(waited[.history, default: 0] <= 20 && waited[.live, default: 0] <= 4, "\(waited)")
        }
    }

    @Test func whoIsAloneHasAllTurns() {
        var turns = LaneTurns()
        for _ in 0..<100 { #expect(turns.next(among: [.history]) == .history) }
        // And owes nothing for them.
        #expect(turns.next(among: [.live, .history]) == .live)
    }
}
