@testable import Command
import Testing

/// A setting that cannot be taken stops the start with one line that names it, and never repeats a secret.
@Suite struct SettingsTests {
    @Test(arguments: [
        ("GAPLESS_PORT", "65536"), ("GAPLESS_PORT", "http"), ("GAPLESS_CLOCK", "now"), ("GAPLESS_CLOCK", "2025-12-15T12:00:00-03:00@0"),
        ("GAPLESS_CACHE_TTL", "PT2H"), ("GAPLESS_HOST", "0.0.0.0"), ("GAPLESS_MAX_CONNECTIONS", "0"), ("SIP_RATE_LIMIT", "350"),
        ("SIP_BASE_URL", "ftp://x"), ("SIP_BASE_URL", "https://user:hunter2@x"), ("SIP_API_KEY", "hunter2\n"), ("RETRY_DELAY", "60"),
        ("MAX_WORKERS", "0"), ("MAX_RETRIES", "-1"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("CMG_NODES", ","),
        ("CMG_NODES", "a\nb"),
        ("GAPLESS_CORS_ORIGINS", "example.org"), ("GAPLESS_ALLOWED_HOSTS", "*"),
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

    @Test func aMisspeltNameIsRefused() throws {
        #expect(throws: SettingError.self) { try SettingsReader.refuseMisspelt(["PATH", "GAPLESS_PROT"]) }
        try SettingsReader.refuseMisspelt(["PATH", "GAPLESS_PORT", "GAPLESS_REAL_DATA"])
    }

    @Test func aSecretPrintsAsStars() throws {
        let settings = try Settings(SettingsReader(values: ["SIP_API_KEY": "hunter2"]))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hunter2") && !"\(settings)".contains("hunter2"))
    }
}
