/// Of which series of a channel the newest slots are asked for: of as few as bring all that such calls can bring.
///
/// Each call brings what is wanted of its own series in its window, and what then follows of longer slots. All series together bring the
/// most; sought is the smallest set of them that brings as much. Series without which it cannot be done are in every such set; of the
/// rest all sets are tried, the smaller ones first, so the answer is the minimum. A channel has some ten series at most.
struct NewestChoice {
    /// Places among the members, in their order.
    let chosen: [Int]
    /// No fewer calls bring as much.
    let isProven: Bool

    /// With more that are neither needed nor idle than this, sets are no longer all tried.
    private static let triedMost = 14

    /// - Parameters:
    ///   - windows: by member, what a call of it would bring; nothing of those that cannot be asked for.
    ///   - wanted: by member.
    init(_ known: KnownSlots, windows: [SlotSet], wanted: [SlotSet]) {
        func gain(_ places: [Int]) -> Int {
            var asked = known.none
            for place in places { asked[place] = windows[place] }
            return zip(known.adding(asked), wanted).reduce(0) { $0 + $1.0.intersection($1.1).count }
        }
        let candidates = windows.indices.filter { !windows[$0].isEmpty }
        let most = gain(candidates)
        if most == 0 {
            chosen = []
            isProven = true
            return
        }
        let needed = candidates.filter { place in gain(candidates.filter { $0 != place }) < most }
        if gain(needed) == most {
            chosen = needed
            isProven = true
            return
        }
        let others = candidates.filter { !needed.contains($0) }
        // One after the other is left out where it can be: what is left cannot spare any, but may not be the least.
        if others.count > Self.triedMost {
            chosen = others.reduce(into: candidates) { kept, place in
                let without = kept.filter { $0 != place }
                if gain(without) == most { kept = without }
            }
            isProven = false
            return
        }
        // Of equally small sets the one that asks for most of what is wanted itself: what is told outright says more than what follows.
        func direct(_ places: [Int]) -> Int { places.reduce(0) { $0 + windows[$1].intersection(wanted[$1]).count } }
        var best: [Int]?
        for size in 1...others.count where best == nil {
            for set in Self.sets(of: others, size: size) {
                let places = (needed + set).sorted()
                if let best, direct(best) >= direct(places) { continue }
                if gain(places) == most { best = places }
            }
        }
        chosen = best ?? candidates
        isProven = true
    }

    private static func sets(of places: [Int], size: Int) -> [[Int]] {
        if size == 0 { return [[]] }
        return places.indices.flatMap { at in
            sets(of: Array(places[(at + 1)...]), size: size - 1).map { [places[at]] + $0 }
        }
    }
}
