package import Series
package import Upstream

/// How a dataset's upstream is reached: what settings say, beside what the dataset knows.
package struct UpstreamAccess: Sendable {
    package let base: Base
    package let credentials: [Credential]
    package let rate: RequestRate
    /// Requests of this process that may be under way at once, where settings say.
    package let requestsInFlight: Int?

    package init(base: Base, credentials: [Credential], rate: RequestRate, requestsInFlight: Int? = nil) {
        self.base = base
        self.credentials = credentials
        self.rate = rate
        self.requestsInFlight = requestsInFlight
    }
}
