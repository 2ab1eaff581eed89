package import Series
package import Upstream

/// How a dataset's upstream is reached: what settings say, beside what the dataset knows.
package struct UpstreamAccess: Sendable {
    package let base: Base
    package let credentials: [Credential]
    package let rate: RequestRate

    package init(base: Base, credentials: [Credential], rate: RequestRate) {
        self.base = base
        self.credentials = credentials
        self.rate = rate
    }
}
