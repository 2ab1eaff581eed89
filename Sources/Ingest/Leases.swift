package import Store

/// Puts down the tasks of workers that are gone, where no worker is left who would.
package final class Leases: Duty {
    package let name = "leases"
    private let store: Store

    package init(store: Store) { self.store = store }

    package func perform() async throws -> Double {
        try await store.releaseLapsed()
        return 10
    }
}
