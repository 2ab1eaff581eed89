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
    let rates: [String: RequestRate]
    /// The address that each dataset's coverage comes from.
    let origins: [String: String]

    init(_ settings: Settings) throws {
        let zone: Zone
        do { zone = try Zone.load("America/Santiago") } catch {
            throw SettingError(variable: "America/Santiago", expected: "\(error); is the package tzdata installed?")
        }
        datasets = Catalog.all(santiago: zone, cmg: settings.cmg, sipRate: settings.sipRate)
        rates = ["sip": settings.sipRate]
        origins = ["cmg": settings.sipBaseURL.description]
        if let key = settings.sipKey {
            access = [
                "sip": UpstreamAccess(
                    base: settings.sipBaseURL, credentials: [.query(name: "user_key", key)], rate: settings.sipRate,
                    requestsInFlight: settings.sipConcurrency)
            ]
        } else {
            access = [:]
        }
    }

    /// To all upstreams together.
    var requestsInFlight: Int {
        let upstreams = Dictionary(datasets.map { ($0.upstream.name, $0.upstream.requestsInFlight) }) { first, _ in first }
        return upstreams.reduce(0) { $0 + (access[$1.key]?.requestsInFlight ?? $1.value) }
    }
}
