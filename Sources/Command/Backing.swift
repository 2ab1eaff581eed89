internal import EventLoop
internal import Postgres
internal import PrivateServers
internal import Redis

/// The Postgres and the Redis behind the service: those that the settings name, or private ones under the data directory.
/// Starting blocks; it is done on the main thread, before there are loops.
struct Backing {
    let postgres: PostgresConfiguration
    let redis: RedisConfiguration?
    private let privatePostgres: PrivatePostgres?
    private let privateRedis: PrivateRedis?

    static func start(_ settings: Settings, log: Log, withCache: Bool) throws -> Backing {
        // Everything that can be wrong in the settings first: then no server has been started for nothing.
        var postgres = try namedPostgres(settings)
        var redis: RedisConfiguration?
        if withCache, let url = settings.redisURL {
            do { redis = try RedisConfiguration(url) } catch {
                throw SettingError(variable: "REDIS_URL", expected: error.description)
            }
        }
        var privatePostgres: PrivatePostgres?
        if postgres == nil {
            let server = try PrivatePostgres.start(in: settings.dataDirectory)
            privatePostgres = server
            try server.supervise { Self.note($0, log) }
            postgres = try PostgresConfiguration(server.conninfo)
        }
        postgres?.statementTimeout = .seconds(30)
        postgres?.answerTimeout = .seconds(35)
        var privateRedis: PrivateRedis?
        if withCache, redis == nil {
            do {
                let cache = try PrivateRedis.start(in: settings.dataDirectory)
                privateRedis = cache
                try cache.supervise { Self.note($0, log) }
                redis = RedisConfiguration(.unix(path: cache.socket))
            } catch {
                privateRedis?.stop()
                privatePostgres?.stop()
                throw error
            }
        }
        return Backing(postgres: postgres!, redis: redis, privatePostgres: privatePostgres, privateRedis: privateRedis)
    }

    /// The Postgres of `DATABASE_URL`; nil where a private one is meant.
    static func namedPostgres(_ settings: Settings) throws(SettingError) -> PostgresConfiguration? {
        guard let url = settings.databaseURL else { return nil }
        do { return try PostgresConfiguration(url).resolved() } catch {
            throw SettingError(variable: "DATABASE_URL", expected: "\(error)")
        }
    }

    /// Ends what this process started, where no other process uses it.
    func stop() {
        privateRedis?.stop()
        privatePostgres?.stop()
    }

    private static func note(_ event: ServerEvent, _ log: Log) {
        switch event {
        case .died(let server): log.write(.warning, "private server died", ["server": server])
        case .restarted(let server): log.write(.info, "private server restarted", ["server": server])
        case .failed(let server, let reason): log.write(.error, "private server does not start", ["server": server, "reason": reason])
        }
    }
}
