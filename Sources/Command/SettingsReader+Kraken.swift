internal import Bytes
internal import Datasets
internal import Glibc

/// What settings say of Kraken beside what is followed.
struct KrakenSetting: Sendable {
    var following = Kraken.Following()
    /// A folder with files of the downloadable archive; nil where there is none.
    var archiveDirectory: String?
}

extension SettingsReader {
    /// `KRAKEN_PAIRS`, `KRAKEN_INTERVALS`, `KRAKEN_TIERS_FILE`, `KRAKEN_ARCHIVE_DIR`.
    func kraken() throws(SettingError) -> KrakenSetting {
        var intervals: [String] = []
        for text in try names("KRAKEN_INTERVALS") {
            guard let interval = Kraken.canonical("interval", text) else {
                throw SettingError(
                    variable: "KRAKEN_INTERVALS",
                    expected: "expected minutes, some of 1, 5, 15, 30, 60, 240, 720, 1440, 10080, 21600, not \(text)")
            }
            if !intervals.contains(interval) { intervals.append(interval) }
        }
        var pairs: [String] = []
        for text in try names("KRAKEN_PAIRS") {
            guard let pair = Kraken.canonical("pair", text) else {
                throw SettingError(variable: "KRAKEN_PAIRS", expected: "expected pairs separated by commas, such as XBTUSD, not \(text)")
            }
            if !pairs.contains(pair) { pairs.append(pair) }
        }
        return KrakenSetting(
            following: Kraken.Following(
                pairs: pairs, intervals: intervals.isEmpty ? Kraken.Following.intervals : intervals, tiers: try krakenTiers()),
            archiveDirectory: try directory("KRAKEN_ARCHIVE_DIR"))
    }

    private func krakenTiers() throws(SettingError) -> KrakenTiers {
        let variable = "KRAKEN_TIERS_FILE"
        guard let path = text(variable) else { return .builtIn }
        let table = try readSettingsBytes(path, named: variable)
        do throws(TableRefusal) { return try KrakenTiers.builtIn.extended(byCSV: table) } catch {
            throw SettingError(variable: variable, expected: "\(path), \(error)")
        }
    }

    /// A folder that can be listed now.
    private func directory(_ name: String) throws(SettingError) -> String? {
        guard let path = text(name) else { return nil }
        guard let folder = opendir(path) else {
            throw SettingError(variable: name, expected: "\(path) cannot be listed: \(String(cString: strerror(errno)))")
        }
        closedir(folder)
        return path
    }
}
