internal import Postgres

extension Store {
    /// The last try to reach the server failed.
    package var isDown: Bool {
        if case .down = pool.health { true } else { false }
    }

    /// Whether the store answered that this cannot be stored: a value breaks a rule of the schema (SQLSTATE classes 22 and
    /// 23). Trying again would be answered the same.
    package static func isRefusal(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return false }
        return error.sqlstate.hasPrefix("22") || error.sqlstate.hasPrefix("23")
    }

    /// Whether a failure says that the store does not answer now and the same work may succeed later: for callers that do
    /// not speak to Postgres themselves.
    package static func isUnavailable(_ error: any Error) -> Bool {
        switch error {
        case StoreError.unavailable: true
        case let error as PostgresError: error.isTransient
        case is PoolTimeout: true
        default: false
        }
    }
}
