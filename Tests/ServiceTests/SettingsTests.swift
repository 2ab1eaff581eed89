@testable import Command
import API
import Foundation
import Ingest
import Series
import Testing

/// A setting that cannot be taken stops the start with one line that names it, and never repeats a secret.
@Suite struct SettingsTests {
    @Test(arguments: [
        ("GAPLESS_PORT", "65536"), ("GAPLESS_PORT", "http"), ("GAPLESS_CLOCK", "now"), ("GAPLESS_CLOCK", "2025-12-15T12:00:00-03:00@0"),
        ("GAPLESS_CACHE_TTL", "PT2H"), ("GAPLESS_HOST", "0.0.0.0"), ("GAPLESS_MAX_CONNECTIONS", "0"), ("SIP_RATE_LIMIT", "350"),
        ("SIP_BASE_URL", "ftp://x"), ("SIP_BASE_URL", "https://user:hunter2@x"), ("SIP_API_KEY", "hunter2\n"), ("RETRY_DELAY", "60"),
        ("RETENTION_TASKS", "90"), ("RETENTION_EVENTS", "PT1M"), ("RETENTION_AUDIT", "P1Y"), ("RETENTION_ALERTS", "PT1M"),
        ("MAX_WORKERS", "0"), ("MAX_RETRIES", "-1"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("CMG_NODES", ","),
        ("CMG_NODES", "a\nb"), ("CMG_SOURCES", "real,onlin"), ("CMG_SOURCES", ","),
        ("CMG_ONLINE_WINDOW", "850"), ("CMG_ONLINE_WINDOW", "PT36H"),
        ("CMG_ONLINE_WINDOW", "P0D"), ("CMG_PROGRAMME_NODES_FILE", "/nowhere/at/all"), ("CMG_PROGRAMME_NODES_FILE", "/dev/null"),
        ("GAPLESS_CORS_ORIGINS", "example.org"), ("GAPLESS_ALLOWED_HOSTS", "*"), ("GAPLESS_HOST", "10.0.0.5"), ("GAPLESS_HOST", "::"),
        ("GAPLESS_HOST", "localhost"), ("GAPLESS_TOKENS", "hunter2"), ("GAPLESS_TOKENS", "a:read:hunter2"), ("GAPLESS_TOKENS", ","),
        ("GAPLESS_TOKENS", "@/nowhere/at/all"), ("GAPLESS_TOKENS", "@/dev/null"), ("GAPLESS_CLIENT_RATE", "100"),
        ("GAPLESS_ACCESS_LOG", "yes"), ("ALERT_GRACE", "60"), ("ALERT_WEBHOOK_URL", "https://user:hunter2@x"),
        ("ALERT_WEBHOOK_URL", "x/hunter2"), ("ALERT_WEBHOOK_SECRET", "hunter2\n"),
        ("GAPLESS_SCHEDULES", "hourly"), ("METRICS_BASE_URL", "https://user:hunter2@x"), ("METRICS_API_KEY", "hunter2\n"),
        ("METRICS_RATE_LIMIT", "10"), ("METRICS_BATCH_ACCOUNTS", "0"), ("METRICS_BATCH_ACCOUNTS", "42"),
        ("ACCOUNTS_FILE", "/nowhere/at/all"), ("ACCOUNTS_FILE", "/dev/null"), ("MIN_DATA_QUALITY_SCORE", "80"),
        ("MIN_DATA_QUALITY_SCORE", "-0.1"), ("MIN_DATA_QUALITY_SCORE", "1.01"), ("MIN_DATA_QUALITY_SCORE", "0,8"),
        ("MIN_DATA_QUALITY_SCORE", "8e-1"), ("MIN_DATA_QUALITY_SCORE", "nan"), ("MIN_DATA_QUALITY_SCORE", ".8"),
        ("MIN_DATA_QUALITY_SCORE", "0.8.1"), ("MIN_DATA_QUALITY_SCORE", "80%"),
        ("MAX_PROCESSING_TIME", "7200"), ("MAX_PROCESSING_TIME", "PT0S"), ("MAX_PROCESSING_TIME", "P1M"),
        ("MAX_MEMORY_USAGE", "2147483648"),
        ("MAX_MEMORY_USAGE", "2048"), ("MAX_MEMORY_USAGE", "2048KB"), ("MAX_MEMORY_USAGE", "2 GB"), ("MAX_MEMORY_USAGE", "-2GB"),
        ("MAX_MEMORY_USAGE", "GB"), ("MAX_MEMORY_USAGE", "1.5GB"), ("MAX_MEMORY_USAGE", "63MB"),
        ("MAX_MEMORY_USAGE", "99999999999999999999GB"),
    ])
    func aWrongValueNamesItsSetting(name: String, value: String) {
        do {
            _ = try Settings(SettingsReader(values: [name: value]))
            Issue.record("\(name)=\(value) was taken")
        } catch {
            #expect(error.variable == name)
            #expect(!error.description.contains("hunter2"))
        }
    }

    @Test func emptyMeansAbsentAndDefaultsHold() throws {
        let settings = try Settings(SettingsReader(values: ["GAPLESS_PORT": "", "SIP_API_KEY": ""]))
        #expect(settings.port == 8080 && settings.sipKey == nil && settings.host == "127.0.0.1" && settings.cacheTTLSeconds == 3600)
    }

    @Test func theGateIsADecimalNumberFromNothingToOne() throws {
        for (text, gate) in [("", 0.8), ("0", 0), ("1", 1), ("0.95", 0.95), ("1.000", 1)] {
            #expect(try Settings(SettingsReader(values: ["MIN_DATA_QUALITY_SCORE": text])).qualityGate == gate, "\(text)")
        }
        #expect(throws: SettingError.self) { try SettingsReader.refuseMisspelt(["MIN_DATA_QUALITY"]) }
        try SettingsReader.refuseMisspelt(["MIN_DATA_QUALITY_SCORE"])
    }

    @Test func limitsHaveUnits() throws {
        func limits(_ values: [String: String]) throws -> LimitSetting { try Settings(SettingsReader(values: values)).limits }
        let usual = try limits([:])
        #expect(usual.memoryBytes == 2048 * 1024 * 1024 && usual.processingSeconds == nil)
        let own = try limits(["MAX_PROCESSING_TIME": "PT90M", "MAX_MEMORY_USAGE": "2GB"])
        #expect(own.memoryBytes == usual.memoryBytes && own.processingSeconds == 5400)
        #expect(try limits(["MAX_MEMORY_USAGE": "64MB"]).memoryBytes == 64 << 20)
        do {
            _ = try limits(["MAX_MEMORY_USAGE": "2147483648"])
            Issue.record("it was taken")
        } catch let error as SettingError {
            #expect(error.expected == "expected a size with its unit, MB or GB, such as 2048MB or 2GB, not the bare number 2147483648")
        }
        // By itself only what says so has a limit.
        let seconds = try Catalogue(Settings(SettingsReader(values: [:]))).datasets.map { "\($0.name) \($0.processingSeconds ?? 0)" }
        #expect(Set(seconds).isSuperset(of: ["cmg 0", "kraken 0", "equities 7200"]))
    }

    @Test func aWebhookNeedsItsSecretAndShowsNeither() throws {
        var values = ["ALERT_WEBHOOK_URL": "https://example.org/hunter2?key=hunter2"]
        do {
            _ = try Settings(SettingsReader(values: values))
            Issue.record("it was taken")
        } catch {
            #expect(error.variable == "ALERT_WEBHOOK_SECRET" && !error.description.contains("hunter2"))
        }
        values["ALERT_WEBHOOK_SECRET"] = "hunter2"
        let settings = try Settings(SettingsReader(values: values))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(settings.alerts.webhook != nil && !dumped.contains("hunter2") && !"\(settings)".contains("hunter2"))
    }

    @Test func aMisspeltNameIsRefused() throws {
        #expect(throws: SettingError.self) { try SettingsReader.refuseMisspelt(["PATH", "GAPLESS_PROT"]) }
        #expect(throws: SettingError.self) { try SettingsReader.refuseMisspelt(["METRICS_BATCH"]) }
        try SettingsReader.refuseMisspelt(["PATH", "GAPLESS_PORT", "GAPLESS_REAL_DATA"])
    }

    /// Without an address there is no upstream of accounts: nothing of it is expected, and what would be fetched says what it needs.
    @Test func accountsNeedAnAddressAndAKey() throws {
        func catalogue(_ values: [String: String]) throws -> (Catalogue, Dataset) {
            let catalogue = try Catalogue(Settings(SettingsReader(values: values)))
            return (catalogue, try #require(catalogue.datasets.first { $0.name == "accounts" }))
        }
        let (none, idle) = try catalogue(["METRICS_API_KEY": "hunter2"])
        #expect(idle.followed.isEmpty && none.access["metrics"] == nil && none.origins["accounts"] == nil && none.rates["metrics"] == nil)
        #expect(none.refusal(of: idle)?.description == "METRICS_BASE_URL: is required to fetch accounts: the upstream's address")
        let address = ["METRICS_BASE_URL": "https://metrics.example"]
        let (mute, keyless) = try catalogue(address)
        #expect(mute.refusal(of: keyless)?.description == "METRICS_API_KEY: is required to fetch from https://metrics.example")
        #expect(keyless.followed.map(\.description) == ["*/day"])
        let (ready, whole) = try catalogue(
            address.merging(["METRICS_API_KEY": "hunter2", "METRICS_BATCH_ACCOUNTS": "7", "METRICS_RATE_LIMIT": "3/PT1S"]) { $1 })
        #expect(ready.refusal(of: whole) == nil && ready.origins["accounts"] == "https://metrics.example")
        #expect(ready.access["metrics"]?.rate.count == 3 && whole.call("hours")?.kind == .batch(series: 7))
    }

    @Test func aFileNamesTheAccountsThatAreFollowed() throws {
        let path = NSTemporaryDirectory() + "accounts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "# ours\n808699 # the first\n\n a-1\r\n808699\n".write(toFile: path, atomically: true, encoding: .utf8)
        let settings = try Settings(SettingsReader(values: ["ACCOUNTS_FILE": path, "METRICS_BASE_URL": "https://metrics.example"]))
        let dataset = try #require(try Catalogue(settings).datasets.first { $0.name == "accounts" })
        #expect(dataset.followed.map(\.description) == ["808699/hour", "808699/day", "a-1/hour", "a-1/day"])
        for wrong in ["a b", "*", "ok\na,b"] {
            try wrong.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: SettingError.self) { try Settings(SettingsReader(values: ["ACCOUNTS_FILE": path])) }
        }
    }

    @Test func aSecretPrintsAsStars() throws {
        let settings = try Settings(SettingsReader(values: ["SIP_API_KEY": "hunter2", "METRICS_API_KEY": "hunter2"]))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hunter2") && !"\(settings)".contains("hunter2"))
    }

    private static let digest = String(repeating: "0a", count: 32)
    private static let other = String(repeating: "5c", count: 32)

    @Test func beyondLoopbackATokenIsNeededAndThenAnyAddressWillDo() throws {
        do {
            _ = try Settings(SettingsReader(values: ["GAPLESS_HOST": "0.0.0.0"]))
            Issue.record("it was taken")
        } catch {
            #expect(error.description.contains("GAPLESS_TOKENS") && error.description.contains("gapless token"))
        }
        for host in ["0.0.0.0", "::", "10.0.0.5", "192.0.2.1", "fd00::1"] {
            let settings = try Settings(SettingsReader(values: ["GAPLESS_HOST": host, "GAPLESS_TOKENS": "a:read:\(Self.digest)"]))
            #expect(settings.host == host && settings.tokens.book.isNeeded)
        }
        for host in ["127.0.0.1", "127.1.2.3", "::1"] { #expect(try Settings(SettingsReader(values: ["GAPLESS_HOST": host])).host == host) }
    }

    @Test func tokensFromAFile() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("# who may read\n\n a:read:\(Self.digest) \r\nb:admin:\(Self.other):expires=2027-01-01".utf8).write(to: file)
        let settings = try Settings(SettingsReader(values: ["GAPLESS_TOKENS": "@\(file.path)"]))
        #expect(settings.tokens.book.tokens.map(\.name) == ["a", "b"])
        #expect(settings.tokens.file == file.path)
        for (text, told) in [
            ("# nobody\n", "has no entry"), ("a:read:\(Self.digest)\nhunter2\n", "line 2"),
            ("a:read:\(Self.digest)\nb:admin:\(Self.digest)\n", "line 2: b is the same token as a"),
        ] {
            try Data(text.utf8).write(to: file)
            do {
                _ = try TokenSetting.read(file.path)
                Issue.record("it was taken: \(text)")
            } catch {
                #expect(error.description.contains(told) && !error.description.contains("hunter2"), "\(error)")
            }
        }
    }

    @Test func aTableThatIsNoUTF8IsRefusedWhereItIsWrong() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("nodes-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try (Data("node,programme_key\nX_110,Chilo".utf8) + [0xE9, 0x0A]).write(to: file)
        do {
            _ = try Settings(SettingsReader(values: ["CMG_PROGRAMME_NODES_FILE": file.path]))
            Issue.record("it was taken")
        } catch {
            #expect(error.description.contains("line 2, column 12: invalid UTF-8"), "\(error)")
        }
    }
}
