internal import Postgres

extension Store {
    /// Whether a failure says that the store does not answer now and the same work may succeed later: for callers that do
    /// not speak to Postgres themselves.
    /// Whether the store answered that this cannot be stored: a value breaks a rule of the schema (SQLSTATE classes 22 and
    /// 23). Trying again would be answered the same.
    package static func isRefusal(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return false }
        return error.sqlstate.hasPrefix("22") || error.sqlstate.hasPrefix("23")
    }

    package static func isUnavailable(_ error: any Error) -> Bool {
        switch error {
        case StoreError.unavailable: true
        case let error as PostgresError: error.isTransient
        case is PoolTimeout: true
        default: false
        }
    }
}
