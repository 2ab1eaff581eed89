package import Store

/// Puts down the tasks of workers that are gone, and ends those of cancelled ingestions, where no worker is there who would.
package final class Leases: Duty {
    package let name = "leases"
    private let store: Store

    package init(store: Store) { self.store = store }

    package func perform() async throws -> Double {
        // Where there was as much as is taken at once there may be more.
        try await store.releaseLapsed() >= Store.releasedMax ? 0 : 10
    }
}
