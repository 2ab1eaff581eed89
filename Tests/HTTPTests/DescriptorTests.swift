import EventLoop
import Glibc
import Testing

@testable import HTTP

/// What happens when the process has no descriptor left: in a process of its own, with real descriptors.
@Suite struct DescriptorTests {
    @Test(.timeLimit(.minutes(2))) func acceptingRestsWhileDescriptorsHaveRunOutAndHeals() async {
        await #expect(processExitsWith: .success) {
            var limits = Limits.standard
            limits.acceptPause = .milliseconds(20)
            try await withServer(limits) { loop, place async throws in
                var most = rlimit(rlim_cur: 96, rlim_max: 96)
                guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &most) == 0 else { exit(2) }
                let before = try await HTTPClient.get(place.server.address, "/", on: loop, until: .after(.seconds(10)))
                #expect(before.status == 200)
                var spare: [Int32] = []
                while true {
                    let fd = dup(0)
                    if fd < 0 { break }
                    spare.append(fd)
                }
                #expect(errno == EMFILE && spare.count > 10)
                // One for the client; none is left for the server's end.
                close(spare.removeLast())
                let client = try await place.connect()
                try await client.write(Array("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8))
                let turns = loop.counters.turns
                while place.server.outOfDescriptors < 5 {
                    await #expect(throws: WaitError.timedOut) {
                        _ = try await client.read(upTo: 64, until: .after(.milliseconds(200)))
                    }
                }
                // A rest is a wait: some turns for each, not as many as the processor can make.
                #expect(loop.counters.turns - turns < 10 * place.server.outOfDescriptors)
                for fd in spare { close(fd) }
                #expect(try await place.readToEnd(client).hasSuffix("hello"))
                client.close()
            }
        }
    }
}
