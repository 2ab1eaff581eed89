internal import Bytes
internal import Datasets
internal import Ingest
internal import Series
internal import Upstream

/// The datasets with what settings say of them.
struct Catalogue: Sendable {
    let datasets: [Dataset]
    /// How each upstream is reached; without a key there is none, and its datasets are served but not fetched.
    let access: [String: UpstreamAccess]
    /// Upstreams without: the setting that would give it, and the address.
    let lacking: [String: (variable: String, base: Base)]
    let rates: [String: RequestRate]
    /// The address that each dataset's coverage comes from.
    let origins: [String: String]

    init(_ settings: Settings) throws {
        datasets = Catalog.all(
            santiago: try Self.zone("America/Santiago"), cmg: settings.cmg, sipRate: settings.sipRate, utc: try Self.zone("Etc/UTC"),
            kraken: settings.kraken.following, krakenRate: settings.krakenRate)
        rates = ["sip": settings.sipRate, "kraken": settings.krakenRate]
        origins = ["cmg": settings.sipBaseURL.description, "kraken": settings.krakenBaseURL.description]
        // Kraken's public calls need no key.
        var access = [
            "kraken": UpstreamAccess(base: settings.krakenBaseURL, credentials: [], rate: settings.krakenRate)
        ]
        var lacking: [String: (variable: String, base: Base)] = [:]
        if let key = settings.sipKey {
            access["sip"] = UpstreamAccess(
                base: settings.sipBaseURL, credentials: [.query(name: "user_key", key)], rate: settings.sipRate,
                requestsInFlight: settings.sipConcurrency)
        } else {
            lacking["sip"] = ("SIP_API_KEY", settings.sipBaseURL)
        }
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
        lacking[dataset.upstream.name].map { SettingError(variable: $0.variable, expected: "is required to fetch from \($0.base)") }
    }

    /// To all upstreams together.
    var requestsInFlight: Int {
        let upstreams = Dictionary(datasets.map { ($0.upstream.name, $0.upstream.requestsInFlight) }) { first, _ in first }
        return upstreams.reduce(0) { $0 + (access[$1.key]?.requestsInFlight ?? $1.value) }
    }
}
