/// One trade of the hidden truth. Prices and volumes count in the last decimal of the pair's, so that sums are exact.
struct Trade: Sendable, Hashable {
    /// Nanoseconds since 1970.
    var time: Int64
    let price: Int64
    let volume: Int64
    /// Consecutive within a pair, from 1.
    var id: Int64
    let isBuy: Bool
    let isMarket: Bool
}
