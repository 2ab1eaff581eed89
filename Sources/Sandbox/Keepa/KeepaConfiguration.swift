extension Sandbox {
    /// The imitated product data service. What goes wrong with it stands in `Faults.keepa`.
    package struct KeepaConfiguration: Sendable {
        /// Tokens that come each minute.
        package var refillRate = 5
        package static let rates = 1...10_000
        /// Tokens that a product costs which is asked for without offers.
        package var price = 1
        package static let prices = 0...1_000

        package init() {}
    }
}
