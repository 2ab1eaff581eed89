internal import API
internal import Bytes
internal import Datasets
internal import Glibc
internal import Ingest
internal import Series
internal import Upstream

/// A setting that does not parse: one line that names it.
struct SettingError: Error, CustomStringConvertible {
    let variable: String
    let expected: String

    var description: String { "\(variable): \(expected)" }
}

/// Everything that the environment, or a file of the same names, says. Read once at the start.
struct Settings: Sendable {
    var databaseURL: String?
    var redisURL: String?
    var host = "127.0.0.1"
    var port: UInt16 = 8080
    /// Where a process answers `/metrics` beside, or without, the role api; nil for nowhere.
    var metricsPort: UInt16?
    var allowedHosts: [String] = []
    var corsOrigins: [String] = []
    var maxConnections = 4000
    var tokens = TokenSetting.none
    var clientRate: RequestRate?
    var accessLog = true
    var dataDirectory = ".gapless"
    var clock: ClockSetting?
    var cacheTTLSeconds = 3600
    /// Readers who lack due slots of today have them fetched.
    var todayOnDemand = true
    var sipBaseURL: Base
    var sipKey: Secret?
    var sipRate: RequestRate
    /// Requests to the operator under way at once: it slows down who sends many.
    var sipConcurrency: Int?
    var cmg = CMG.Following()
    var krakenBaseURL: Base
    /// Of one pair.
    var krakenRate: RequestRate
    var kraken = KrakenSetting()
    var accounts = AccountsSetting()
    var equities: EquitiesSetting
    var keepa: KeepaSetting
    var maxRetries = 3
    var retryDelaySeconds = 60.0
    var maxWorkers = 4
    var limits = LimitSetting()
    var retention = Retention.Periods()
    var alerts = AlertSetting()
    /// A series whose records score less is marked.
    var qualityGate = 0.8
    /// Whether this process does what schedules say.
    var schedules = true
    /// nil: as talkative as the command is by itself.
    var logLevel: Log.Level?
    var logFormat: Log.Format

    /// `GAPLESS_CLOCK`: where the shown clock starts, and how fast it goes.
    struct ClockSetting: Sendable {
        let instant: Int64
        let speed: Double

        init(parsing text: String, variable: String) throws(SettingError) {
            let expected = "expected an instant with its offset, and optionally @speed: 2025-12-15T12:00:00-03:00@60"
            let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2 else { throw SettingError(variable: variable, expected: expected) }
            do throws(TimestampError) { instant = try Timestamp.parse(parts[0]) } catch {
                throw SettingError(variable: variable, expected: expected)
            }
            guard parts.count == 1 || (Double(parts[1]).map { $0 > 0 && $0 <= 1_000_000 } ?? false) else {
                throw SettingError(variable: variable, expected: expected)
            }
            speed = parts.count == 2 ? Double(parts[1])! : 1
        }
    }

    /// Reads the settings; `file` names a file of `NAME=value` lines that the environment overrides.
    static func read(file: String?) throws -> Settings {
        var values = try file.map(readFile) ?? [:]
        for name in SettingsReader.names { if let value = getenv(name) { values[name] = String(cString: value) } }
        try SettingsReader.refuseMisspelt(SettingsReader.environmentNames)
        return try Settings(SettingsReader(values: values))
    }

    init(_ reader: SettingsReader) throws(SettingError) {
        databaseURL = reader.text("DATABASE_URL")
        redisURL = reader.text("REDIS_URL")
        host = reader.text("GAPLESS_HOST") ?? host
        port = UInt16(try reader.integer("GAPLESS_PORT", in: 0...65535) ?? 8080)
        metricsPort = try reader.integer("GAPLESS_METRICS_PORT", in: 0...65535).map { UInt16($0) }
        // Both could be bound, and each request would be answered by whichever got it.
        if let metricsPort, metricsPort != 0, metricsPort == port {
            throw SettingError(variable: "GAPLESS_METRICS_PORT", expected: "expected another port than GAPLESS_PORT's, \(port)")
        }
        allowedHosts = try reader.hosts("GAPLESS_ALLOWED_HOSTS")
        corsOrigins = try reader.origins("GAPLESS_CORS_ORIGINS")
        maxConnections = try reader.integer("GAPLESS_MAX_CONNECTIONS", in: 1...1_000_000) ?? maxConnections
        if let text = reader.text(TokenSetting.name) { tokens = try TokenSetting(parsing: text) }
        clientRate = try reader.rate("GAPLESS_CLIENT_RATE")
        accessLog = try reader.flag("GAPLESS_ACCESS_LOG") ?? accessLog
        dataDirectory = reader.text("GAPLESS_DATA_DIR") ?? dataDirectory
        if let text = reader.text("GAPLESS_CLOCK") { clock = try ClockSetting(parsing: text, variable: "GAPLESS_CLOCK") }
        cacheTTLSeconds = Int(try reader.duration("GAPLESS_CACHE_TTL", in: 0...3600) ?? 3600)
        todayOnDemand = try reader.flag("GAPLESS_ON_DEMAND") ?? todayOnDemand
        sipBaseURL = try reader.base("SIP_BASE_URL") ?? Base("https://sipub.api.coordinador.cl")!
        sipKey = try reader.secret("SIP_API_KEY")
        sipRate = try reader.rate("SIP_RATE_LIMIT") ?? CMG.rate
        sipConcurrency = try reader.integer("SIP_CONCURRENCY", in: 1...256)
        cmg = try reader.cmg()
        krakenBaseURL = try reader.base("KRAKEN_BASE_URL") ?? Base(Kraken.baseURL)!
        krakenRate = try reader.rate("KRAKEN_RATE_LIMIT") ?? Kraken.rate
        kraken = try reader.kraken()
        accounts = try reader.accounts()
        equities = try reader.equities()
        keepa = try reader.keepa()
        maxRetries = try reader.integer("MAX_RETRIES", in: 0...100) ?? maxRetries
        retryDelaySeconds = Double(try reader.duration("RETRY_DELAY", in: 0...86_400) ?? 60)
        maxWorkers = try reader.integer("MAX_WORKERS", in: 1...64) ?? maxWorkers
        limits = try reader.limits()
        retention = try reader.retention()
        alerts = try AlertSetting(reader)
        qualityGate = try reader.share("MIN_DATA_QUALITY_SCORE") ?? qualityGate
        schedules = try reader.flag("GAPLESS_SCHEDULES") ?? schedules
        logLevel = try reader.choice("LOG_LEVEL", Log.Level.allCases)
        logFormat = try reader.choice("LOG_FORMAT", Log.Format.allCases) ?? (isatty(2) == 1 ? .text : .json)
        try checkHost()
    }

    /// Whether nobody but this machine can reach the address.
    var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    /// Beyond this machine nobody is let in without a token.
    private func checkHost() throws(SettingError) {
        var address = sockaddr_storage()
        guard inet_pton(host.contains(":") ? AF_INET6 : AF_INET, host, &address) == 1 else {
            throw SettingError(
                variable: "GAPLESS_HOST", expected: "expected a numeric address such as 127.0.0.1, 0.0.0.0 or ::, not \(host)")
        }
        if !isLoopback && !tokens.book.isNeeded {
            throw SettingError(
                variable: "GAPLESS_HOST",
                expected: "\(host) is beyond loopback, where nobody is let in without a token: set GAPLESS_TOKENS "
                    + "(`gapless token NAME --scope read` makes a token and its entry)")
        }
    }

    private static func readFile(_ path: String) throws -> [String: String] {
        let text = try readSettingsFile(path, named: "--config")
        var values: [String: String] = [:]
        for (number, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimming()
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let mark = line.firstIndex(of: "=") else {
                throw SettingError(variable: "--config", expected: "\(path), line \(number + 1): expected NAME=value")
            }
            let name = String(line[..<mark]).trimming()
            guard SettingsReader.names.contains(name) else {
                throw SettingError(variable: "--config", expected: "\(path), line \(number + 1): \(name) is not a setting")
            }
            values[name] = String(line[line.index(after: mark)...]).trimming()
        }
        return values
    }
}
