internal import Bytes

extension Sandbox {
    /// How fast somebody may ask: each call adds one to a counter, which falls by `perSecond`; a call that would lift it above `burst` is
    /// refused. Real time.
    package struct RateLimit: Sendable, Hashable {
        package var perSecond: Double
        package var burst: Int

        package init(perSecond: Double, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }
}

extension FaultMember {
    /// `{"perSecond":X,"burst":N}`; null is none.
    func rateLimit() throws(Refused) -> Sandbox.RateLimit? {
        if value.isNull { return nil }
        guard let perSecond = try inner("perSecond").value.double, perSecond > 0, let burst = try inner("burst").count(), burst > 0 else {
            throw Refused(name: name)
        }
        return Sandbox.RateLimit(perSecond: perSecond, burst: burst)
    }
}

extension JSONWriter {
    mutating func rateLimit(_ limit: Sandbox.RateLimit?) {
        guard let limit else { return null() }
        beginObject()
        member("perSecond") { $0.double(limit.perSecond) }
        member("burst") { $0.int(limit.burst) }
        endObject()
    }
}
