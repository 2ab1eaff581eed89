internal import Bytes
internal import Datasets
internal import Ingest
internal import Series
internal import Upstream

/// The datasets with what settings say of them.
struct Catalogue: Sendable {
    let datasets: [Dataset]
    /// How each upstream is reached; without a key or an address there is none, and its datasets are served but not fetched.
    let access: [String: UpstreamAccess]
    /// Upstreams without: the setting that would give it, and the address, where it is not that.
    let lacking: [String: (variable: String, base: Base?)]
    let rates: [String: RequestRate]
    /// The address that each dataset's coverage comes from.
    let origins: [String: String]

    init(_ settings: Settings) throws {
        datasets = Catalog.all(
            santiago: try Self.zone("America/Santiago"), cmg: settings.cmg, sipRate: settings.sipRate, utc: try Self.zone("Etc/UTC"),
            kraken: settings.kraken.following, krakenRate: settings.krakenRate, accounts: settings.accounts.following,
            metricsRate: settings.accounts.rate, batch: settings.accounts.batch, newYork: try Self.zone("America/New_York"),
            equities: settings.equities.following, polygonRate: settings.equities.rate,
            keepa: settings.keepa.options, keepaRate: settings.keepa.rate
        ).map { $0.gated(at: settings.qualityGate) }
        var rates = [
            "sip": settings.sipRate, "kraken": settings.krakenRate, "polygon": settings.equities.rate, "keepa": settings.keepa.rate,
        ]
        var origins = [
            "cmg": settings.sipBaseURL.description, "kraken": settings.krakenBaseURL.description,
            "equities": settings.equities.baseURL.description, "keepa": settings.keepa.baseURL.description,
        ]
        // Kraken's public calls need no key.
        var access = [
            "kraken": UpstreamAccess(base: settings.krakenBaseURL, credentials: [], rate: settings.krakenRate)
        ]
        var lacking: [String: (variable: String, base: Base?)] = [:]
        if let key = settings.sipKey {
            access["sip"] = UpstreamAccess(
                base: settings.sipBaseURL, credentials: [.query(name: "user_key", key)], rate: settings.sipRate,
                requestsInFlight: settings.sipConcurrency)
        } else {
            lacking["sip"] = ("SIP_API_KEY", settings.sipBaseURL)
        }
        if let key = settings.equities.key {
            access["polygon"] = UpstreamAccess(
                base: settings.equities.baseURL, credentials: [.header(name: "Authorization", prefix: "Bearer ", key)],
                rate: settings.equities.rate)
        } else {
            lacking["polygon"] = ("POLYGON_API_KEY", settings.equities.baseURL)
        }
        if let key = settings.keepa.key {
            access["keepa"] = UpstreamAccess(
                base: settings.keepa.baseURL, credentials: [.query(name: "key", key)], rate: settings.keepa.rate)
        } else {
            lacking["keepa"] = ("KEEPA_API_KEY", settings.keepa.baseURL)
        }
        // No upstream is meant where none is named: it has no quota, and nothing comes from it.
        if let base = settings.accounts.baseURL {
            rates["metrics"] = settings.accounts.rate
            origins["accounts"] = base.description
            access["metrics"] = settings.accounts.key.map { key in
                UpstreamAccess(base: base, credentials: [.header(name: "apiKey", key)], rate: settings.accounts.rate)
            }
        }
        if let variable = settings.accounts.lacking { lacking["metrics"] = (variable, settings.accounts.baseURL) }
        self.rates = rates
        self.origins = origins
        self.access = access
        self.lacking = lacking
    }

    private static func zone(_ name: String) throws(SettingError) -> Zone {
        do { return try Zone.load(name) } catch {
            throw SettingError(variable: name, expected: "\(error); is the package tzdata installed?")
        }
    }

    /// Why nothing can be fetched of a dataset; nil where it can.
    func refusal(of dataset: Dataset) -> SettingError? {
        lacking[dataset.upstream.name].map { lack in
            SettingError(
                variable: lack.variable,
                expected: "is required to fetch " + (lack.base.map { "from \($0)" } ?? "\(dataset.name): the upstream's address"))
        }
    }

    /// To all upstreams together.
    var requestsInFlight: Int {
        let upstreams = Dictionary(datasets.map { ($0.upstream.name, $0.upstream.requestsInFlight) }) { first, _ in first }
        return upstreams.reduce(0) { $0 + (access[$1.key]?.requestsInFlight ?? $1.value) }
    }
}
