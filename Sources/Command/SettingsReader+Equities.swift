internal import Datasets
internal import Series
internal import Upstream

/// What settings say of US equities.
struct EquitiesSetting: Sendable {
    var baseURL: Base
    var key: Secret?
    var rate = Equities.rate
    var following = Equities.Following()
}

extension SettingsReader {
    /// `POLYGON_BASE_URL`, `POLYGON_API_KEY`, `POLYGON_RATE_LIMIT`, `POLYGON_HISTORY`, `EQUITIES_TICKERS_FILE`, `EQUITIES_CALENDAR_FILE`.
    func equities() throws(SettingError) -> EquitiesSetting {
        EquitiesSetting(
            baseURL: try base("POLYGON_BASE_URL") ?? Base(Equities.baseURL)!, key: try secret("POLYGON_API_KEY"),
            rate: try rate("POLYGON_RATE_LIMIT") ?? Equities.rate,
            following: Equities.Following(
                tickers: try equityTickers(), calendar: try equityCalendar(),
                historySeconds: try duration("POLYGON_HISTORY", in: 86_400...3_153_600_000)))
    }

    private func equityTickers() throws(SettingError) -> EquityTickers {
        let variable = "EQUITIES_TICKERS_FILE"
        guard let path = text(variable) else { return .builtIn }
        let table = try readSettingsBytes(path, named: variable)
        do throws(TableRefusal) { return try EquityTickers(csv: table) } catch {
            throw SettingError(variable: variable, expected: "\(path), \(error)")
        }
    }

    private func equityCalendar() throws(SettingError) -> NYSECalendar {
        let variable = "EQUITIES_CALENDAR_FILE"
        guard let path = text(variable) else { return .builtIn }
        let table = try readSettingsBytes(path, named: variable)
        do throws(TableRefusal) { return try NYSECalendar.builtIn.extended(byCSV: table) } catch {
            throw SettingError(variable: variable, expected: "\(path), \(error)")
        }
    }
}
