internal import Glibc

/// A Redis of a data directory's own: a cache, so it keeps nothing on disk. Every function blocks.
package final class PrivateRedis: Sendable {
    package struct Options: Sendable {
        package var maxMemoryMB = 256
        /// DEBUG lets any client stop the server for as long as it likes: for tests of a slow Redis only.
        package var allowsDebug = false
        package var databases = 16

        package init() {}
    }

    private let server: PrivateServer
    private let cache: RedisCache

    /// Attaches to the directory's server or starts it; returns when it answers.
    package static func start(in directory: String, options: Options = Options()) throws -> PrivateRedis {
        try PrivateRedis(RedisCache(in: directory, options: options))
    }

    private init(_ cache: RedisCache) throws {
        self.cache = cache
        server = try PrivateServer(cache, locks: cache.directory + "/redis")
    }

    /// The path of the Unix socket.
    package var socket: String { cache.socket }

    /// The server's process id, nil while it is down.
    package var process: Int32? { cache.runningProcess() }

    /// From here on a thread of its own restarts the server whenever it dies. `observe` is called on that thread.
    package func supervise(_ observe: @escaping @Sendable (ServerEvent) -> Void) throws { try server.supervise(observe) }

    /// Ends supervision and, if no other process uses the directory, the server. Twice is harmless.
    package func stop() { server.stop() }
}
