internal import Bytes
internal import Ingest

extension SettingsReader {
    func retention() throws(SettingError) -> Retention.Periods {
        var periods = Retention.Periods()
        periods.tasks = try period("RETENTION_TASKS", otherwise: periods.tasks)
        periods.receipts = try period("RETENTION_RECEIPTS", otherwise: periods.receipts)
        periods.events = try period("RETENTION_EVENTS", otherwise: periods.events)
        periods.audit = try period("RETENTION_AUDIT", otherwise: periods.audit)
        periods.alerts = try period("RETENTION_ALERTS", otherwise: periods.alerts)
        return periods
    }

    /// Seconds; nil keeps for ever.
    private func period(_ name: String, otherwise: Int64?) throws(SettingError) -> Int64? {
        guard let text = text(name) else { return otherwise }
        if text == "never" || text == "0" { return nil }
        do throws(ISODurationError) {
            let seconds = try ISODuration.parse(text)
            if (3600...36_500 * 86_400).contains(seconds) { return seconds }
        } catch {
            throw SettingError(variable: name, expected: Self.expected(text))
        }
        throw SettingError(variable: name, expected: Self.expected(text))
    }

    private static func expected(_ text: String) -> String {
        "expected an ISO 8601 duration from PT1H to P36500D, such as P90D, or never to keep for ever, not \(text)"
    }
}
