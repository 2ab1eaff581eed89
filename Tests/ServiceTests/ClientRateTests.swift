@testable import API
import HTTP
import Series
import Testing

@Suite struct ClientRateTests {
    private static let second: UInt64 = 1_000_000_000

    /// Ten times the rate for ten seconds, by the clock that is handed in: what is granted is the bucket and its refills.
    @Test func tenTimesTheRateIsHeldToTheRate() {
        let rate = ClientRate(RequestRate(count: 10, seconds: 1))
        var granted = 0, others = 0
        for step in 0..<1000 {
            let now = 5 * Self.second + UInt64(step) * Self.second / 100
            if rate.ask(.address("192.0.2.1"), now: now) == .granted { granted += 1 }
            // One that keeps to half its rate is never hit by the other.
            if step % 20 == 0, rate.ask(.address("192.0.2.2"), now: now) == .granted { others += 1 }
        }
        // Ten at once, and ten a second for the 9.99 s that follow.
        #expect(granted == 109)
        #expect(others == 50)
    }

    @Test func whoIsRefusedIsToldHowLong() {
        let rate = ClientRate(RequestRate(count: 2, seconds: 60))
        #expect(rate.ask(.token("a"), now: 0) == .granted)
        #expect(rate.ask(.token("a"), now: 0) == .granted)
        #expect(rate.ask(.token("a"), now: 0) == .wait(seconds: 30))
        #expect(rate.ask(.token("a"), now: 10 * Self.second) == .wait(seconds: 20))
        #expect(rate.ask(.token("a"), now: 30 * Self.second) == .granted)
        // A name is not an address.
        #expect(rate.ask(.address("a"), now: 0) == .granted)
    }

    @Test func theTableIsBoundedAndForgetsTheFullest() {
        let rate = ClientRate(RequestRate(count: 100, seconds: 3600), entries: 400)
        for _ in 0..<100 { _ = rate.ask(.address("198.51.100.1"), now: 0) }
        #expect(rate.ask(.address("198.51.100.1"), now: 0) == .wait(seconds: 36))
        for i in 0..<20_000 { _ = rate.ask(.address("10.\(i >> 16).\(i >> 8 & 255).\(i & 255)"), now: 0) }
        #expect(rate.count <= 400)
        // A flood of others does not buy the one who has spent all a new bucket.
        #expect(rate.ask(.address("198.51.100.1"), now: 0) == .wait(seconds: 36))
    }

    @Test func addressesOfOneHostAreOneClient() {
        #expect(ClientRate.network(of: "2001:db8:1:2::1") == ClientRate.network(of: "2001:db8:1:2:ffff::9"))
        #expect(ClientRate.network(of: "2001:db8:1:2::1") != ClientRate.network(of: "2001:db8:1:3::1"))
        #expect(ClientRate.network(of: "::ffff:192.0.2.1") == "192.0.2.1")
        #expect(ClientRate.network(of: "192.0.2.1") == "192.0.2.1" && ClientRate.network(of: "unix") == "unix")
    }

    /// Five a day: what comes back while the test runs is nothing.
    private static func daily() -> ClientRate { ClientRate(RequestRate(count: 5, seconds: 86_400)) }

    @Test func anAddressThatAsksTooMuchIsToldSo() async throws {
        try await APIUnderTest.with(.init(rate: Self.daily())) { api in
            for i in 0..<5 {
                // What a client says of its address changes nothing.
                let forged = [("X-Forwarded-For", "203.0.113.\(i)"), ("Forwarded", "for=203.0.113.\(i)"), ("X-Real-IP", "203.0.113.\(i)")]
                #expect(try await api.get("/v1/datasets", forged).status == 200)
            }
            let refused = try await api.get("/v1/datasets", [("X-Forwarded-For", "203.0.113.99")])
            #expect(try api.slug(refused) == "too-many-requests")
            #expect(refused.status == 429)
            let seconds = try #require(Int(refused.header("Retry-After") ?? ""))
            #expect((1...17_280).contains(seconds))
            // Whether the process lives may always be asked.
            #expect(try await api.get("/healthz").status == 200)
        }
    }

    @Test func aTokenHasABucketOfItsOwn() async throws {
        try await APIUnderTest.with(.init(tokens: try TestTokens.book(), rate: Self.daily())) { (api: APIUnderTest) async throws -> Void in
            for _ in 0..<5 { #expect(try await api.get("/v1/datasets", TestTokens.fields("read")).status == 200) }
            #expect(try await api.get("/v1/datasets", TestTokens.fields("read")).status == 429)
            #expect(try await api.get("/v1/datasets", TestTokens.fields("ingest")).status == 200)
            // Guesses at tokens spend the address's bucket, not that of those who have one.
            for _ in 0..<5 { #expect(try await api.get("/v1/datasets", TestTokens.fields("bad")).status == 401) }
            #expect(try await api.get("/v1/datasets", TestTokens.fields("bad")).status == 429)
            #expect(try await api.get("/v1/datasets", TestTokens.fields("ingest")).status == 200)
        }
    }
}
