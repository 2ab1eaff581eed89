/// What the process needs, and how each stands: the body of /readyz.
extension Service {
    package struct Readiness: Sendable, Equatable {
        package enum State: Sendable, Equatable {
            case up
            /// Why, in a few words for people; nothing secret.
            case down(String)
        }

        /// Reachable, and its schema is of this build.
        package let postgres: State
        /// nil where the process has no use for it.
        package let redis: State?

        package init(postgres: State, redis: State?) {
            self.postgres = postgres
            self.redis = redis
        }

        /// Without Postgres nothing can be answered; without Redis everything, only dearer.
        package var isReady: Bool { postgres == .up }

        var dependencies: [(name: String, status: String, detail: String?)] {
            [entry("postgres", postgres, without: "down")] + (redis.map { [entry("redis", $0, without: "degraded")] } ?? [])
        }

        var status: String {
            if !isReady { return "down" }
            return redis ?? .up == .up ? "ok" : "degraded"
        }

        private func entry(_ name: String, _ state: State, without word: String) -> (String, String, String?) {
            switch state {
            case .up: (name, "ok", nil)
            case .down(let reason): (name, word, reason)
            }
        }
    }
}
