/// What calls spend: requests as the upstream's quota counts them (pages and refused ones too), and tokens where it has them.
package struct Cost: Sendable, Hashable {
    package var requests: Int
    package var tokens: Int

    package static let zero = Cost(requests: 0)

    package init(requests: Int, tokens: Int = 0) {
        self.requests = requests
        self.tokens = tokens
    }

    package static func + (a: Cost, b: Cost) -> Cost { Cost(requests: a.requests + b.requests, tokens: a.tokens + b.tokens) }
    package static func += (a: inout Cost, b: Cost) { a = a + b }
    package static func * (a: Cost, times: Int) -> Cost { Cost(requests: a.requests * times, tokens: a.tokens * times) }
}
