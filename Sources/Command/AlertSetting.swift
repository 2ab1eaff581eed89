internal import EventLoop
internal import Ingest
internal import Series
internal import Store
internal import Upstream

/// What settings say of alarms and of who is told of them.
struct AlertSetting: Sendable {
    /// Seconds that a slot may lack after it was due.
    var graceSeconds = 3600
    var webhook: (hook: Hook, secret: Secret)?

    init() {}

    init(_ reader: SettingsReader) throws(SettingError) {
        graceSeconds = Int(try reader.duration("ALERT_GRACE", in: 0...604_800) ?? 3600)
        let secret = try reader.secret("ALERT_WEBHOOK_SECRET")
        guard let text = reader.text("ALERT_WEBHOOK_URL") else { return }
        // The value itself is not repeated: such addresses hold keys.
        guard let hook = Hook(text) else {
            throw SettingError(
                variable: "ALERT_WEBHOOK_URL", expected: "expected http(s)://host[:port][/path][?query] without user or fragment")
        }
        guard let secret else {
            throw SettingError(
                variable: "ALERT_WEBHOOK_SECRET", expected: "is needed beside ALERT_WEBHOOK_URL: who is told checks by it that it was us")
        }
        webhook = (hook, secret)
    }

    /// The duties that look for what is wrong, and tell it.
    static func duties(
        on loop: isolated Loop, _ store: Store, _ catalogue: Catalogue, _ settings: Settings, _ clock: ServiceClock,
        _ observing: Observing
    ) throws -> [any Duty] {
        var looking = Alarms.Settings()
        looking.graceSeconds = settings.alerts.graceSeconds
        looking.unfetched = Set(catalogue.datasets.filter { catalogue.refusal(of: $0) != nil }.map(\.name))
        looking.telling = settings.alerts.webhook != nil
        let alarms = Alarms(
            store: store, datasets: catalogue.datasets, rates: catalogue.rates, clock: clock, settings: looking,
            observe: observing.ingest)
        guard let (hook, secret) = settings.alerts.webhook else { return [alarms] }
        var sending = Fetcher.Settings()
        sending.concurrency = 1
        sending.keptConnections = 1
        let fetcher = try Fetcher(on: loop, settings: sending)
        return [alarms, Webhook(store: store, hook: hook, secret: secret, fetcher: fetcher, observe: observing.ingest)]
    }
}
