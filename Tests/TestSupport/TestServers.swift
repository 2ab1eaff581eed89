internal import Glibc
package import PrivateServers
internal import Synchronization

/// One Postgres and one Redis for the whole test process, started by whoever asks first, stopped when the process ends.
/// What a killed run left behind is stopped by the next one. Both functions block for as long as the start takes.
package enum TestServers {
    /// A new, empty database; returns its conninfo. Tests may run at once, each in its own.
    package static func postgres() throws -> String {
        let server = try shared.get().postgres.get()
        let number = counter.withLock { count in
            count += 1
            return count
        }
        let name = "test_\(number)"
        try Child.run([
            server.binaries + "/psql", server.conninfo, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
            "CREATE DATABASE \(name) TEMPLATE template0",
        ], log: shared.get().directory + "/psql.log")
        return server.conninfo(database: name)
    }

    /// The socket of the Redis that all tests of the process share: use keys that no other test uses.
    package static func redis() throws -> String { try shared.get().redis.get().socket }

    /// A Redis of the caller's own, to be stalled, flushed or killed; DEBUG is allowed. Stop it at the end.
    package static func ownRedis() throws -> PrivateRedis {
        var options = PrivateRedis.Options()
        options.allowsDebug = true
        return try PrivateRedis.start(in: ownDirectory(), options: options)
    }

    /// A Postgres of the caller's own, to be killed. Stop it at the end.
    package static func ownPostgres() throws -> PrivatePostgres {
        try PrivatePostgres.start(in: ownDirectory(), options: quick)
    }

    /// A fresh directory that is removed when the process ends.
    package static func ownDirectory() throws -> String {
        let number = counter.withLock { count in
            count += 1
            return count
        }
        return try shared.get().directory + "/own-\(number)"
    }

    private static let counter = Mutex(0)
    private static let shared = Result { try Shared() }

    fileprivate static var quick: PrivatePostgres.Options {
        var options = PrivatePostgres.Options()
        options.isDurable = false
        options.sharedBuffersMB = 64
        options.maxConnections = 200
        return options
    }

    /// Called by exit(3).
    fileprivate static func end() {
        guard let shared = try? shared.get() else { return }
        shared.end()
    }
}

private final class Shared: Sendable {
    var directory: String { scratch.path }
    private let scratch: ScratchDirectory
    private let started = Mutex<(Result<PrivatePostgres, any Error>?, Result<PrivateRedis, any Error>?)>((nil, nil))

    init() throws {
        scratch = try ScratchDirectory.make()
        atexit { TestServers.end() }
    }

    var postgres: Result<PrivatePostgres, any Error> {
        started.withLock { started in
            let result = started.0 ?? Result { try PrivatePostgres.start(in: directory, options: TestServers.quick) }
            started.0 = result
            return result
        }
    }

    var redis: Result<PrivateRedis, any Error> {
        started.withLock { started in
            let result = started.1 ?? Result {
                var options = PrivateRedis.Options()
                options.databases = 64
                return try PrivateRedis.start(in: directory, options: options)
            }
            started.1 = result
            return result
        }
    }

    func end() {
        let (postgres, redis) = started.withLock { $0 }
        try? postgres?.get().stop()
        try? redis?.get().stop()
        scratch.remove()
    }
}
