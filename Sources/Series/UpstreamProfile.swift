/// Where a dataset's calls go and how they name themselves; the address and the secret come from settings.
package struct UpstreamProfile: Sendable {
    package enum Credential: Sendable {
        /// The secret is a query parameter of this name.
        case query(String)
        /// The secret is a header field of this name.
        case header(String)
        case none
    }

    /// The budget's name: datasets that share a quota share it.
    package let name: String
    package let credential: Credential
    /// What the upstream lets us spend when settings say nothing.
    package let rate: RequestRate
    /// Requests that a process has under way at once when settings say nothing.
    package let requestsInFlight: Int
    package let timeoutSeconds: Int
    package let bodyBytesMax: Int
    /// Whether the rate is that of each channel by itself (Kraken counts the requests of each pair): then the scope of a call's requests
    /// (`UpstreamRequest.scope`) is the channel of its series.
    package let pacedByChannel: Bool
    /// How tokens are counted, where the upstream has a bucket of them beside its rate.
    package let tokens: TokenRules?

    package init(
        name: String, credential: Credential, rate: RequestRate, requestsInFlight: Int, timeoutSeconds: Int, bodyBytesMax: Int,
        pacedByChannel: Bool = false, tokens: TokenRules? = nil
    ) {
        self.tokens = tokens
        self.pacedByChannel = pacedByChannel
        self.name = name
        self.credential = credential
        self.rate = rate
        self.requestsInFlight = requestsInFlight
        self.timeoutSeconds = timeoutSeconds
        self.bodyBytesMax = bodyBytesMax
    }
}
