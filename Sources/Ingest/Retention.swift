package import Store

/// Takes out what nobody may ask for any more.
package final class Retention: Duty {
    package let name = "retention"
    private let store: Store

    package init(store: Store) { self.store = store }

    package func perform() async throws -> Double {
        try await store.sweepExpired() ? 0 : 60
    }
}
