internal import Bytes
internal import Glibc
internal import Series
internal import Upstream

/// Named texts on their way to being settings; every refusal names the variable and what was expected.
struct SettingsReader {
    static let names: Set<String> = [
        "DATABASE_URL", "REDIS_URL", "GAPLESS_HOST", "GAPLESS_PORT", "GAPLESS_ALLOWED_HOSTS", "GAPLESS_CORS_ORIGINS",
        "GAPLESS_MAX_CONNECTIONS", "GAPLESS_DATA_DIR", "GAPLESS_CLOCK", "GAPLESS_CACHE_TTL", "GAPLESS_TOKENS",
        "GAPLESS_CLIENT_RATE", "GAPLESS_ACCESS_LOG", "GAPLESS_ON_DEMAND", "GAPLESS_SCHEDULES", "SIP_BASE_URL", "SIP_API_KEY",
        "SIP_RATE_LIMIT", "SIP_CONCURRENCY", "CMG_NODES", "CMG_SOURCES", "CMG_ONLINE_WINDOW", "CMG_PROGRAMME_NODES_FILE", "MAX_RETRIES",
        "KRAKEN_BASE_URL", "KRAKEN_RATE_LIMIT", "KRAKEN_ARCHIVE_DIR", "KRAKEN_TIERS_FILE", "KRAKEN_PAIRS", "KRAKEN_INTERVALS",
        "METRICS_BASE_URL", "METRICS_API_KEY", "METRICS_RATE_LIMIT", "METRICS_BATCH_ACCOUNTS", "ACCOUNTS_FILE",
        "POLYGON_BASE_URL", "POLYGON_API_KEY", "POLYGON_RATE_LIMIT", "POLYGON_HISTORY", "EQUITIES_TICKERS_FILE", "EQUITIES_CALENDAR_FILE",
        "KEEPA_BASE_URL", "KEEPA_API_KEY", "KEEPA_RATE_LIMIT", "KEEPA_DOMAIN", "KEEPA_ASINS_FILE", "KEEPA_REFRESH_CURRENT",
        "KEEPA_REFRESH_HISTORY", "KEEPA_OFFERS", "KEEPA_BUYBOX", "KEEPA_TOKEN_FLOOR", "KEEPA_TAX", "KEEPA_PREPARATION", "KEEPA_SHIPPING",
        "KEEPA_REFERRAL", "KEEPA_FULFILMENT",
        "RETRY_DELAY", "MAX_WORKERS", "MAX_PROCESSING_TIME", "MAX_MEMORY_USAGE",
        "RETENTION_TASKS", "RETENTION_RECEIPTS", "RETENTION_EVENTS", "RETENTION_AUDIT", "RETENTION_ALERTS",
        "GAPLESS_METRICS_PORT", "ALERT_GRACE", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET", "LOG_LEVEL", "LOG_FORMAT",
        "MIN_DATA_QUALITY_SCORE",
    ]

    let values: [String: String]

    /// Empty is the same as absent: that is how compose files and units leave a variable out.
    func text(_ name: String) -> String? {
        assert(Self.names.contains(name), "\(name) is not in the list of settings")
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    func list(_ name: String) -> [String] {
        (text(name) ?? "").split(separator: ",").map { String($0).trimming() }.filter { !$0.isEmpty }
    }

    /// Names of the upstream: at least one where the setting is there at all, each a word without spaces.
    func names(_ name: String) throws(SettingError) -> [String] {
        guard text(name) != nil else { return [] }
        let names = list(name)
        guard !names.isEmpty, names.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } && $0.utf8.count <= 100 }) else {
            throw SettingError(variable: name, expected: "expected names separated by commas, without spaces")
        }
        return names
    }

    func hosts(_ name: String) throws(SettingError) -> [String] {
        let hosts = list(name)
        let isHost = { (host: String) in
            host.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["),
                    UInt8(ascii: "]"):
                    true
                default: false
                }
            }
        }
        guard hosts.allSatisfy(isHost) else {
            throw SettingError(variable: name, expected: "expected host names separated by commas, such as data.example.org; no patterns")
        }
        return hosts
    }

    func origins(_ name: String) throws(SettingError) -> [String] {
        let origins = list(name)
        guard origins.allSatisfy({ Base($0)?.prefix == "" }) else {
            throw SettingError(variable: name, expected: "expected origins separated by commas, such as https://data.example.org")
        }
        return origins
    }

    /// The value is never repeated.
    func secret(_ name: String) throws(SettingError) -> Secret? {
        guard let text = text(name) else { return nil }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw SettingError(variable: name, expected: "expected printable characters without spaces")
        }
        return Secret(text)
    }

    /// A name that begins like ours and is not: what it was meant to set would silently keep its default.
    static func refuseMisspelt(_ names: [String]) throws(SettingError) {
        // Of the make targets and the tests, not of the program.
        let others: Set<String> = ["GAPLESS_REAL_DATA", "GAPLESS_PG_BIN", "GAPLESS_SANDBOX_PORT"]
        let ours = ["GAPLESS_", "ALERT_", "RETENTION_", "KRAKEN_", "METRICS_", "POLYGON_", "EQUITIES_", "KEEPA_", "MIN_DATA_"]
        for name in names where ours.contains(where: name.hasPrefix) && !Self.names.contains(name) && !others.contains(name) {
            throw SettingError(variable: name, expected: "is not a setting; they are listed in the README")
        }
    }

    /// Names of this process's environment (environ(7)).
    static var environmentNames: [String] {
        var names: [String] = []
        var entry = environ
        while let text = entry.pointee {
            names.append(String(String(cString: text).prefix { $0 != "=" }))
            entry += 1
        }
        return names.sorted()
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(SettingError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw SettingError(
                variable: name, expected: "expected a whole number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return value
    }

    /// A part of a whole, written as a decimal number: `0.8`.
    func share(_ name: String) throws(SettingError) -> Double? {
        guard let text = text(name) else { return nil }
        let isPlain = text.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") } && text.utf8.first != UInt8(ascii: ".")
        guard isPlain, let value = Double(text), (0...1).contains(value) else {
            throw SettingError(variable: name, expected: "expected a decimal number from 0 to 1, such as 0.8, not \(text)")
        }
        return value
    }

    /// Seconds.
    func duration(_ name: String, in range: ClosedRange<Int64>) throws(SettingError) -> Int64? {
        guard let text = text(name) else { return nil }
        let (least, most) = (ISODuration.text(range.lowerBound), ISODuration.text(range.upperBound))
        let expected = "expected an ISO 8601 duration from \(least) to \(most), not \(text)"
        do throws(ISODurationError) {
            let seconds = try ISODuration.parse(text)
            if range.contains(seconds) { return seconds }
        } catch {
            throw SettingError(variable: name, expected: error == .calendarUnit ? "\(expected): \(error.rawValue)" : expected)
        }
        throw SettingError(variable: name, expected: expected)
    }

    func rate(_ name: String) throws(SettingError) -> RequestRate? {
        guard let text = text(name) else { return nil }
        do throws(RequestRate.Refusal) { return try RequestRate(parsing: text) } catch {
            throw SettingError(variable: name, expected: error.description)
        }
    }

    /// The value itself is not repeated: people put keys into URLs.
    func base(_ name: String) throws(SettingError) -> Base? {
        guard let text = text(name) else { return nil }
        guard let base = Base(text) else {
            throw SettingError(variable: name, expected: "expected http(s)://host[:port][/path] without user, query or fragment")
        }
        return base
    }

    func flag(_ name: String) throws(SettingError) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "on": return true
        case "off": return false
        default: throw SettingError(variable: name, expected: "expected on or off")
        }
    }

    func choice<T: RawRepresentable>(_ name: String, _ cases: [T]) throws(SettingError) -> T? where T.RawValue == String {
        guard let text = text(name) else { return nil }
        guard let value = T(rawValue: text) else {
            throw SettingError(variable: name, expected: "expected one of \(cases.map(\.rawValue).joined(separator: ", ")), not \(text)")
        }
        return value
    }
}

extension String {
    func trimming() -> String { Substring(self).trimming() }
}

extension Substring {
    func trimming() -> String {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
