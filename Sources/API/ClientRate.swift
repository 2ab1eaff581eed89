internal import Glibc
package import Series
internal import Synchronization

/// How fast each client may ask: a bucket for each token, and one for each address of those without a good token. One for
/// the process, whatever loop a connection fell to, so that the rate holds exactly and does not depend on how the kernel
/// spreads connections; the table is in parts, each under its own lock, and touched only where a rate is set.
package final class ClientRate: Sendable {
    /// Whose bucket.
    enum Client {
        case token(String)
        case address(String)
    }

    enum Verdict: Equatable {
        case granted
        /// Whole seconds until there is room for one request.
        case wait(seconds: Int)
    }

    private struct Part: ~Copyable {
        let buckets = Mutex<[String: TokenBucket]>([:])
    }

    private let rate: RequestRate
    private let entriesMax: Int
    private let first = Part(), second = Part(), third = Part(), fourth = Part()

    /// `entries`: how many clients are remembered at once; the fullest buckets are forgotten first, which is what their
    /// owners lose least by.
    package init(_ rate: RequestRate, entries: Int = 40_000) {
        self.rate = rate
        entriesMax = max(4, entries / 4)
    }

    /// `now`: nanoseconds of a clock that never goes back.
    func ask(_ client: Client, now: UInt64) -> Verdict {
        let key = switch client {
        case .token(let name): "t \(name)"
        case .address(let address): "a \(Self.network(of: address))"
        }
        switch key.hashValue & 3 {
        case 0: return ask(first, key, now)
        case 1: return ask(second, key, now)
        case 2: return ask(third, key, now)
        default: return ask(fourth, key, now)
        }
    }

    private func ask(_ part: borrowing Part, _ key: String, _ now: UInt64) -> Verdict {
        let seconds = Double(now) / 1e9
        return part.buckets.withLock { buckets in
            if buckets[key] == nil {
                if buckets.count >= entriesMax { Self.forgetFullest(&buckets, seconds) }
                buckets[key] = TokenBucket(rate: rate, at: seconds)
            }
            switch buckets[key]!.reserve(1, at: seconds) {
            case .granted(let bucket):
                buckets[key] = bucket
                return .granted
            case .wait(let wait):
                // A hair less: what rounding added must not become a second.
                return .wait(seconds: max(1, Int((min(wait, 86_400) - 1e-6).rounded(.up))))
            }
        }
    }

    /// A quarter at once, so that a flood of addresses pays for the sorting only now and then.
    private static func forgetFullest(_ buckets: inout [String: TokenBucket], _ now: Double) {
        let fullest = buckets.map { (key: $0.key, balance: $0.value.advanced(to: now).balance) }.sorted { $0.balance > $1.balance }
        for entry in fullest.prefix(max(1, fullest.count / 4)) { buckets[entry.key] = nil }
    }

    /// How many clients are remembered.
    var count: Int { count(first) + count(second) + count(third) + count(fourth) }

    private func count(_ part: borrowing Part) -> Int { part.buckets.withLock { $0.count } }

    /// An IPv6 host has 2^64 addresses of its own, so its network counts; an IPv4 address in IPv6 form counts alone.
    static func network(of address: String) -> String {
        guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
        var bytes = in6_addr()
        guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        let all = withUnsafeBytes(of: bytes) { Array($0) }
        let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
        return isMapped ? all[12...].map { "\($0)" }.joined(separator: ".") : all[..<8].map { "\($0)" }.joined(separator: ":")
    }
}
