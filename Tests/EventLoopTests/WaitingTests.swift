import EventLoop
import Glibc
import Testing

/// What a wait costs is asserted in counts, which repeat exactly, and never in times.
@Suite struct WaitingTests {
    private func withLoop<T: Sendable>(_ body: @escaping @Sendable (isolated Loop) async throws -> T) async throws -> T {
        let loop = try Loop(name: "test")
        defer { loop.stop() }
        return try await loop.run(body)
    }

    @Test func aBodyRunsOnTheLoopAndStaysThereAcrossWaits() async throws {
        try await withLoop { loop in
            loop.assertIsolated()
            try await loop.sleep(until: .now)
            loop.assertIsolated()
            try await nested(loop, depth: 3)
            loop.assertIsolated()
        }
    }

    @Test func nestedCallsEnqueueNothing() async throws {
        let enqueues = try await withLoop { loop in
            let before = loop.counters.enqueues
            for _ in 0..<100 { await plain(depth: 3) }
            return loop.counters.enqueues - before
        }
        #expect(enqueues == 0)
    }

    @Test func aWaitCostsOneEnqueueAndNoWakeUp() async throws {
        let (enqueues, wakeups) = try await withLoop { loop in
            let before = loop.counters
            for _ in 0..<1000 { try await loop.sleep(until: .now) }
            let after = loop.counters
            return (after.enqueues - before.enqueues, after.wakeups - before.wakeups)
        }
        #expect(enqueues == 1000)
        #expect(wakeups == 0)
    }

    @Test func aPingPongOverASocketPairCostsOneEnqueueARead() async throws {
        let rounds = 500
        let (enqueues, wakeups) = try await withLoop { loop in
            let (a, b) = try streamPair(on: loop)
            let left = loop.keep(a)
            let right = loop.keep(b)
            let before = loop.counters
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await loop.enter { loop in try await echo(loop[right], rounds) } }
                group.addTask { try await loop.enter { loop in try await ask(loop[left], rounds) } }
                try await group.waitForAll()
            }
            let after = loop.counters
            return (after.enqueues - before.enqueues, after.wakeups - before.wakeups)
        }
        // One for each read that had to wait, and a handful for starting and joining the two children.
        #expect(enqueues >= 2 * rounds - 2 && enqueues <= 2 * rounds + 8)
        #expect(wakeups == 0)
    }

    @Test func childrenOfAGroupInheritTheLoop() async throws {
        let wakeups = try await withLoop { loop in
            let before = loop.counters.wakeups
            await withDiscardingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask { await loop.enter { loop in try? await loop.sleep(until: .now) } }
                }
            }
            return loop.counters.wakeups - before
        }
        #expect(wakeups == 0)
    }

    @Test func aWakeUpThatComesFirstIsRememberedOnce() async throws {
        try await withLoop { loop in
            let waiter = Waiter(loop)
            waiter.wake()
            waiter.wake()
            try await waiter.wait(until: .now)
            await #expect(throws: WaitError.timedOut) { try await waiter.wait(until: .now) }
        }
    }

    @Test func anEarlierDeadlineOvertakesALaterOneOnTheSameSlot() async throws {
        try await withLoop { loop in
            let waiter = Waiter(loop)
            waiter.wake()
            try await waiter.wait(until: .after(.seconds(3600)))
            let token = loop.keep(waiter)
            await withDiscardingTaskGroup { group in
                group.addTask { await loop.enter { loop in try? await loop.yield(); loop[token].wake() } }
                try? await waiter.wait(until: .after(.seconds(3600)))
            }
            // The slot is still filed an hour away; this wait must not be.
            await #expect(throws: WaitError.timedOut) { try await waiter.wait(until: .after(.milliseconds(1))) }
        }
    }

    @Test func deadlinesFireInOrder() async throws {
        let order = try await withLoop { loop in
            let seen = loop.keep(Seen())
            let now = Deadline.now
            await withDiscardingTaskGroup { group in
                for i in [5, 1, 4, 2, 3] {
                    group.addTask {
                        await loop.enter { loop in
                            try? await loop.sleep(until: now + .milliseconds(10 * i))
                            loop[seen].values.append(i)
                        }
                    }
                }
            }
            return loop[seen].values
        }
        #expect(order == [1, 2, 3, 4, 5])
    }

    @Test func closingResumesEveryWaiter() async throws {
        let loop = try Loop(name: "test")
        defer { loop.stop() }
        let ends = try await loop.run { loop in
            let (a, b) = try streamPair(on: loop)
            let stream = loop.keep(a)
            let waiter = loop.keep(Waiter(loop))
            defer { withExtendedLifetime(b) {} }
            return try await withThrowingTaskGroup(of: WaitError?.self) { group in
                group.addTask { await loop.enter { loop in await endOfSleep(loop) } }
                group.addTask { await loop.enter { loop in await endOfWait(loop[waiter]) } }
                group.addTask { await loop.enter { loop in await endOfRead(loop[stream]) } }
                while loop.waiting < 3 { try await loop.yield() }
                loop.beginClosing()
                var ends: [WaitError?] = []
                for try await end in group { ends.append(end) }
                return ends
            }
        }
        #expect(ends == [.closing, .closing, .closing])
    }
}

final class Seen { var values: [Int] = [] }

func endOfSleep(_ loop: isolated Loop) async -> WaitError? {
    do { try await loop.sleep(until: .never) } catch { return error }
    return nil
}

func endOfWait(_ waiter: Waiter) async -> WaitError? {
    do { try await waiter.wait() } catch { return error }
    return nil
}

func endOfRead(_ stream: EventLoop.Stream) async -> WaitError? {
    do { _ = try await stream.read(upTo: 1, until: .never) } catch { return error as? WaitError }
    return nil
}

func nested(_ loop: isolated Loop, depth: Int) async throws {
    loop.assertIsolated()
    if depth > 0 {
        try await loop.yield()
        try await nested(loop, depth: depth - 1)
    }
}

func plain(depth: Int) async { if depth > 0 { await plain(depth: depth - 1) } }

func echo(_ stream: EventLoop.Stream, _ rounds: Int) async throws {
    for _ in 0..<rounds { try await stream.write(try await stream.read(upTo: 64, until: .never)) }
}

func ask(_ stream: EventLoop.Stream, _ rounds: Int) async throws {
    for i in 0..<rounds {
        try await stream.write([UInt8(truncatingIfNeeded: i)])
        let answer = try await stream.read(upTo: 64, until: .never)
        #expect(answer == [UInt8(truncatingIfNeeded: i)])
    }
}

func streamPair(on loop: isolated Loop) throws -> (EventLoop.Stream, EventLoop.Stream) {
    var fds: [Int32] = [0, 0]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #expect(socketpair(AF_UNIX, type, 0, &fds) == 0)
    return (try EventLoop.Stream(fds[0], on: loop), try EventLoop.Stream(fds[1], on: loop))
}
