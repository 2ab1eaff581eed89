/// What an ingestion is for. A long back-fill must not keep a fresh slot waiting, nor fresh slots a back-fill for ever: each lane has its
/// share of what workers begin and of what the upstream's budget lets through while the others want it, and all of it while they do not.
/// The shares of the budget hold within each process: the quota that all share knows no lanes.
package enum Lane: String, Sendable, Hashable, CaseIterable {
    /// Slots that fell due of late, and today on demand.
    case live
    /// Holes of the dataset's horizon, and what is asked again since it may have been corrected.
    case repair
    /// All that lies further back.
    case history

    /// Parts of ten.
    package var share: Int {
        switch self {
        case .live: 6
        case .repair: 3
        case .history: 1
        }
    }

    /// Whether the other one is the more urgent.
    package func isBehind(_ other: Lane) -> Bool { share < other.share }
}
