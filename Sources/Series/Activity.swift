/// How much happened in a series, block by block of its slots: what its silence is weighed by. Pure.
package struct Activity: Sendable {
    /// Slots of a block: an hour of them, or one that is longer.
    package let slotsPerBlock: Int
    /// The number of the first block, which begins with the slot of this number times `slotsPerBlock`.
    private let first: Int
    private var counts: [Int64]

    /// Blocks that are looked at before a silence, and after it.
    package static let reach = 24

    /// Slots of a block, where a slot has so many seconds.
    package static func slotsPerBlock(slotSeconds: Int) -> Int { max(1, 3600 / slotSeconds) }

    /// The slots whose blocks are looked at where a run of silent slots is weighed: what lies elsewhere need not be added.
    package static func neighbourhood(of run: Range<Int>, slotsPerBlock size: Int) -> Range<Int> {
        let first = run.lowerBound.flooredQuotient(size) - reach
        let last = (run.upperBound - 1).flooredQuotient(size) + reach
        return first * size..<(last + 1) * size
    }

    /// `slots`: those that it is to speak of.
    package init(slotsPerBlock: Int, over slots: Range<Int>) {
        self.slotsPerBlock = slotsPerBlock
        first = slots.lowerBound.flooredQuotient(slotsPerBlock)
        counts = Array(repeating: 0, count: (slots.upperBound - 1).flooredQuotient(slotsPerBlock) - first + 1)
    }

    /// What happened in the block of a slot; what lies outside is left out.
    package mutating func add(_ count: Int64, at slot: Int) {
        let place = slot.flooredQuotient(slotsPerBlock) - first
        if counts.indices.contains(place) { counts[place] += count }
    }

    /// What happens in a slot of the quietest block near a run of silent slots, that run's own blocks not counted. 0 where fewer blocks of
    /// the stretch than `reach` lie near: nothing is known of it then.
    ///
    /// The quietest, not the mean: trade comes in bursts, and a mean would call every night unlikely.
    package func quietest(around run: Range<Int>, within stretch: Range<Int>) -> Double {
        let own = run.lowerBound.flooredQuotient(slotsPerBlock)...(run.upperBound - 1).flooredQuotient(slotsPerBlock)
        let firstWhole = (stretch.lowerBound + slotsPerBlock - 1).flooredQuotient(slotsPerBlock)
        let whole = firstWhole..<max(firstWhole, stretch.upperBound.flooredQuotient(slotsPerBlock))
        var least = Int64.max
        var blocks = 0
        for block in own.lowerBound - Self.reach...own.upperBound + Self.reach where !own.contains(block) && whole.contains(block) {
            let place = block - first
            if !counts.indices.contains(place) { continue }
            least = min(least, counts[place])
            blocks += 1
        }
        return blocks < Self.reach ? 0 : Double(least) / Double(slotsPerBlock)
    }
}
