extension Fetch {
    /// What one transfer may take.
    package struct Limits: Sendable, Hashable {
        /// Name resolution, TCP and TLS together.
        package var connect: Duration = .seconds(5)
        /// The whole transfer, from the moment it was let in.
        package var total: Duration = .seconds(60)
        /// Slower than `bytesPerSecond` for `slowFor` ends it; 0 switches that off.
        package var bytesPerSecond = 16
        package var slowFor: Duration = .seconds(20)
        /// Of the decoded body, so that a small compressed answer cannot become a large one here.
        package var body = 64 << 20
        /// Of all header lines together.
        package var head = 64 << 10

        package init() {}
    }
}
