@testable import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct HostNameTests {
    @Test func aNameHasANumericAddress() throws {
        let host = try #require(HostName("localhost"))
        #expect(["127.0.0.1", "::1"].contains(host.address))
        #expect(HostName("127.0.0.1")?.address == "127.0.0.1")
        #expect(HostName("::1")?.address == "::1")
        // RFC 6761: no name under .invalid has an address.
        #expect(HostName("nobody.invalid") == nil)
    }

    /// The old address is good until another is found; a name that has none for a while keeps it.
    @Test func aHostThatMovesIsFoundAgain() throws {
        let places = Mutex<[String?]>(["10.0.0.1", nil, "10.0.0.2"])
        let looks = Atomic(0)
        let host = try #require(HostName("database") { _ in
            defer { looks.add(1, ordering: .sequentiallyConsistent) }
            return places.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        })
        #expect(host.address == "10.0.0.1" && looks.load(ordering: .sequentiallyConsistent) == 1)
        host.lookAgain()
        while looks.load(ordering: .sequentiallyConsistent) < 2 { sched_yield() }
        #expect(host.address == "10.0.0.1")
        // However many fail to connect at once, the name is asked for once a second.
        while host.address == "10.0.0.1" {
            host.lookAgain()
            sched_yield()
        }
        #expect(host.address == "10.0.0.2" && looks.load(ordering: .sequentiallyConsistent) == 3)
    }

    @Test func anAddressIsNotLookedUpAgain() throws {
        let looks = Atomic(0)
        let host = try #require(HostName("127.0.0.1") { name in
            looks.add(1, ordering: .sequentiallyConsistent)
            return name
        })
        host.lookAgain()
        #expect(looks.load(ordering: .sequentiallyConsistent) == 1)
    }
}
