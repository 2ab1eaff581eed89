package import HTTP

/// What a process without the role api shows on a port of its own: whether it lives, whether it is ready, and its metrics. The same gate
/// stands before it as before everything else.
package final class ProcessFace {
    package let router = Router()
    private let gate: Gate

    /// `allowedHosts`, `tokens`: as of `Service`.
    package init(
        allowedHosts: [String], tokens: TokenBook, readiness: @escaping () async -> Service.Readiness,
        metrics: @escaping () async -> [UInt8]
    ) {
        gate = Gate(hosts: allowedHosts, origins: [], tokens: tokens, rate: nil)
        router.admit = gate.admit
        let gate = gate
        router.dress = { request, response in
            gate.dress(request, &response)
            ContentCoding.encode(&response, for: request)
        }
        add("/healthz", .nothing) { _ in Service.alive }
        add("/readyz", .nothing) { _ in Service.response(to: await readiness()) }
        add("/metrics", .scope(.read)) { _ in Service.metrics(await metrics()) }
    }

    private func add(_ pattern: String, _ need: Gate.Need, _ handler: @escaping Handler) {
        router.get(pattern, handler)
        gate.add(need)
    }

    /// From the next request on these tokens are good, and no others.
    package func replaceTokens(_ tokens: TokenBook) { gate.tokens = tokens }
}
