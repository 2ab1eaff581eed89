internal import Glibc

/// A Postgres of a data directory's own. Every function blocks.
package final class PrivatePostgres: Sendable {
    package struct Options: Sendable {
        /// Off only where losing the whole cluster in a crash of the machine costs nothing: tests.
        package var isDurable = true
        package var maxConnections = 100
        package var sharedBuffersMB = 256

        package init() {}
    }

    private let server: PrivateServer
    private let cluster: PostgresCluster

    /// Attaches to the directory's server or starts it, making the cluster first where there is none; returns when it
    /// serves. As root the server runs as the owner of an existing cluster, else as `postgres`, else as `nobody`.
    package static func start(in directory: String, options: Options = Options()) throws -> PrivatePostgres {
        try PrivatePostgres(PostgresCluster(in: directory, options: options))
    }

    private init(_ cluster: PostgresCluster) throws {
        self.cluster = cluster
        server = try PrivateServer(cluster, locks: cluster.directory + "/postgres")
    }

    /// For libpq (34.1.1, connection strings): the socket's directory, the user and the database.
    package var conninfo: String { conninfo(database: "gapless") }

    package func conninfo(database: String) -> String {
        "host=\(cluster.runtime) port=5432 user=gapless dbname=\(database)"
    }

    /// The postmaster's process id, nil while it is down.
    package var process: Int32? { cluster.runningProcess() }

    /// The directory of psql, createdb and the server itself.
    package var binaries: String { cluster.binaries }

    /// From here on a thread of its own restarts the server whenever it dies. `observe` is called on that thread.
    package func supervise(_ observe: @escaping @Sendable (ServerEvent) -> Void) throws { try server.supervise(observe) }

    /// Ends supervision and, if no other process uses the directory, the server (fast shutdown). Twice is harmless.
    package func stop() { server.stop() }
}
