internal import Series

/// What calls there are and what they cost. `history=0` makes an answer small, not cheap: both shapes cost the same tokens, and the light
/// one is there for its size.
extension Keepa {
    enum Shape: String {
        case light, heavy
    }

    /// Products that one request names at most.
    static let batch = 100

    static func shapes(_ options: Options) -> [CallShape] {
        [Shape.light, .heavy].map { shape in
            CallShape(
                name: shape.rawValue, kind: .snapshot(subjects: batch), fixed: Cost(requests: 1),
                perSeries: Cost(requests: 0, tokens: tokens(options)), secondsPerRequest: options.offers == nil ? 2 : 20)
        }
    }

    /// Of a product, as the page of prices says: 1, and 2 more with the buy box; with offers instead 6 for every page of ten that may be
    /// found. That is the most: what products really cost is learned from the answers.
    static func tokens(_ options: Options) -> Int {
        if let offers = options.offers { return (offers + 9) / 10 * 6 }
        return options.buybox ? 3 : 1
    }

    @Sendable static func serves(_ shape: String, _ key: SeriesKey) -> Bool { shape == Shape.heavy.rawValue || group(key) == .current }
}
