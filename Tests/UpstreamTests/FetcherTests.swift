import EventLoop
import Testing
import Upstream

@Suite struct FetcherTests {
    private func failure(_ fetcher: Fetcher, _ fetch: Fetch) async -> FetchError? {
        do {
            let fetched = try await fetcher.fetch(fetch)
            Issue.record("an answer where none was expected: \(fetched.status)")
            return nil
        } catch { return error }
    }

    @Test func requestCarriesPathQueryHeadersAndCredentials() async throws {
        try await withServer { _, _, fetcher, base in
            var fetch = Fetch(base, "/echo", query: [("bar", "PEÑA B&C=1+2"), ("empty", "")], headers: [("X-One", "1"), ("X-None", "")])
            fetch.credentials = [.query(name: "user_key", Secret("k/1")), .header(name: "Authorization", prefix: "Bearer ", Secret("t-2"))]
            let fetched = try await fetcher.fetch(fetch)
            let head = String(decoding: fetched.body, as: UTF8.self)
            #expect(fetched.status == 200)
            #expect(head.hasPrefix("GET /echo?bar=PE%C3%91A%20B%26C%3D1%2B2&empty=&user_key=k%2F1 HTTP/1.1\r\n"))
            #expect(head.contains("\r\nX-One: 1\r\n") && head.contains("\r\nX-None:\r\n"))
            #expect(head.contains("\r\nAuthorization: Bearer t-2\r\n"))
            #expect(head.contains("\r\nAccept-Encoding: gzip\r\n"))
            #expect(head.contains("\r\nUser-Agent: gapless\r\n"))
        }
    }

    @Test func postSendsItsBodyAndType() async throws {
        try await withServer { _, server, fetcher, base in
            var fetch = Fetch(base, "/echo")
            fetch.method = .post(contentType: "application/json", body: Array("{}".utf8))
            let fetched = try await fetcher.fetch(fetch)
            let head = String(decoding: fetched.body, as: UTF8.self)
            #expect(head.hasPrefix("POST /echo HTTP/1.1\r\n"))
            #expect(head.contains("\r\nContent-Length: 2\r\n") && head.contains("\r\nContent-Type: application/json\r\n"))
        }
    }

    @Test func statusesAreAnswersAndRedirectsAreNotFollowed() async throws {
        try await withServer { _, server, fetcher, base in
            let moved = try await fetcher.fetch(Fetch(base, "/redirect"))
            #expect(moved.status == 302 && moved.header("Location") == "/echo")
            let busy = try await fetcher.fetch(Fetch(base, "/busy"))
            #expect(busy.status == 429 && busy.header("retry-after") == "7" && busy.body == Array("{}".utf8))
            #expect(server.heads.count == 2)
        }
    }

    @Test func interimHeadIsNotTheAnswersHead() async throws {
        try await withServer { _, _, fetcher, base in
            let fetched = try await fetcher.fetch(Fetch(base, "/interim"))
            #expect(fetched.status == 200 && fetched.header("x-early") == nil && fetched.header("content-length") == "1")
        }
    }

    @Test func manyAtOnceShareFewConnectionsAndTheQueueIsFair() async throws {
        try await withServer(settings: { $0.concurrency = 8 }) { loop, server, fetcher, base in
            let local = loop.keep(fetcher)
            let total = try await withThrowingTaskGroup(of: Int.self) { group in
                for i in 0..<300 {
                    group.addTask {
                        try await loop.enter { loop in try await loop[local].fetch(Fetch(base, "/echo", query: [("i", "\(i)")])).status }
                    }
                }
                var total = 0
                for try await status in group { total += status == 200 ? 1 : 0 }
                return total
            }
            #expect(total == 300)
            #expect(fetcher.counters.fetches == 300 && fetcher.counters.failures == 0)
            #expect(fetcher.counters.peak == 8)
            #expect(server.connections <= 8)
            #expect(fetcher.counters.connectionsOpened == server.connections)
            #expect(fetcher.inFlight == 0 && fetcher.waiting == 0)
            let order = server.heads.compactMap { Int($0.dropFirst("GET /echo?i=".count).prefix { $0.isNumber }) }
            #expect(Set(order) == Set(0..<300))
            // First come, first let in: nobody is overtaken by more than those who are under way beside it.
            #expect(zip(order, 0...).allSatisfy { abs($0 - $1) < 8 })
        }
    }

    @Test func connectionIsReused() async throws {
        try await withServer { _, server, fetcher, base in
            let first = try await fetcher.fetch(Fetch(base, "/a"))
            let second = try await fetcher.fetch(Fetch(base, "/b"))
            #expect(first.connectionsOpened == 1 && second.connectionsOpened == 0)
            #expect(server.connections == 1)
        }
    }

    @Test func refusedConnection() async throws {
        try await withServer { loop, _, fetcher, _ in
            let gone = try Listener(.tcp(host: "127.0.0.1", port: 0), on: loop)
            gone.close()
            let error = await failure(fetcher, Fetch(Base("http://\(gone.address)")!, "/x"))
            #expect(error?.kind == .connect)
            #expect(fetcher.counters.failures == 1)
        }
    }

    @Test func silentServerTimesOutWhileOthersGoOn() async throws {
        try await withServer { loop, _, fetcher, base in
            var silent = Fetch(base, "/silent")
            silent.limits.total = .milliseconds(50)
            let patience = silent
            let local = loop.keep(fetcher)
            let kinds = try await withThrowingTaskGroup(of: FetchError.Class?.self) { group in
                group.addTask {
                    await loop.enter { loop in
                        do throws(FetchError) {
                            _ = try await loop[local].fetch(patience)
                            return nil
                        } catch { return error.kind }
                    }
                }
                for _ in 0..<20 {
                    group.addTask {
                        try await loop.enter { loop in
                            _ = try await loop[local].fetch(Fetch(base, "/hello"))
                            return nil
                        }
                    }
                }
                var kinds: [FetchError.Class] = []
                for try await kind in group { if let kind { kinds.append(kind) } }
                return kinds
            }
            #expect(kinds == [.timeout])
        }
    }

    @Test(arguments: [
        ("/cut", FetchError.Class.cutOff, 10), ("/cut-chunk", .cutOff, 5), ("/nothing", .cutOff, 0), ("/garbage", .violation, 0),
    ])
    func brokenAnswers(_ path: String, _ kind: FetchError.Class, _ received: Int) async throws {
        try await withServer { _, _, fetcher, base in
            let error = await failure(fetcher, Fetch(base, path))
            #expect(error?.kind == kind)
            #expect(error?.received == received)
        }
    }

    @Test(arguments: ["/endless", "/bomb"]) func bodyIsBounded(_ path: String) async throws {
        try await withServer { _, _, fetcher, base in
            var fetch = Fetch(base, path)
            fetch.limits.body = 1_000_000
            let error = await failure(fetcher, fetch)
            #expect(error?.kind == .tooLarge)
            #expect((error?.received ?? .max) <= 1_000_000)
        }
    }

    @Test func headIsBounded() async throws {
        try await withServer { _, _, fetcher, base in
            var fetch = Fetch(base, "/long-head")
            fetch.limits.head = 10_000
            #expect(await failure(fetcher, fetch)?.kind == .tooLarge)
            let whole = try await fetcher.fetch(Fetch(base, "/long-head"))
            #expect(whole.header("x-padding")?.utf8.count == 60_000)
        }
    }

    @Test func gzipIsDecoded() async throws {
        try await withServer { _, _, fetcher, base in
            let fetched = try await fetcher.fetch(Fetch(base, "/gzip"))
            #expect(fetched.body == Array("hello".utf8))
            #expect(fetched.bytesReceived == gzippedHello.count)
        }
    }

    @Test func errorsNeverShowASecret() async throws {
        try await withServer { _, _, fetcher, base in
            let secret = Secret("s3cr3t-k3y")
            for path in ["/cut", "/nothing", "/garbage", "/silent"] {
                var fetch = Fetch(base, path, credentials: [.query(name: "user_key", secret), .header(name: "apiKey", secret)])
                fetch.limits.total = .milliseconds(50)
                let error = try #require(await failure(fetcher, fetch))
                #expect(!"\(error) \(String(reflecting: error))".contains("s3cr3t"))
                #expect(error.message.contains("127.0.0.1\(path)"))
                var dumped = ""
                dump(fetch, to: &dumped)
                #expect(!dumped.contains("s3cr3t") && !"\(fetch)".contains("s3cr3t"))
            }
        }
    }

    @Test func nothingInTheRequestCanBreakOutOfItsLine() async throws {
        try await withServer { _, server, fetcher, base in
            #expect(await failure(fetcher, Fetch(base, "/x", headers: [("X-A", "1\r\nX-B: 2")]))?.kind == .invalidRequest)
            #expect(await failure(fetcher, Fetch(base, "/x", credentials: [.header(name: "K", Secret("a\nb"))]))?.kind == .invalidRequest)
            let fetched = try await fetcher.fetch(Fetch(base, "/echo", query: [("a", "1 HTTP/1.1\r\nX-B: 2")]))
            #expect(!String(decoding: fetched.body, as: UTF8.self).contains("\nX-B"))
        }
    }

    @Test func closingEndsWhatIsUnderWayAndWhatWaits() async throws {
        try await withServer(settings: { $0.concurrency = 2 }) { loop, server, fetcher, base in
            let local = loop.keep(fetcher)
            let kinds = await withTaskGroup(of: FetchError.Class?.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        await loop.enter { loop in
                            do throws(FetchError) {
                                _ = try await loop[local].fetch(Fetch(base, "/silent"))
                                return nil
                            } catch { return error.kind }
                        }
                    }
                }
                while server.heads.count < 2 { try? await loop.yield() }
                #expect(fetcher.inFlight == 2 && fetcher.waiting == 3)
                fetcher.close()
                var kinds: [FetchError.Class?] = []
                for await kind in group { kinds.append(kind) }
                return kinds
            }
            #expect(kinds == Array(repeating: .closing, count: 5))
            #expect(fetcher.inFlight == 0 && fetcher.waiting == 0)
            #expect(await failure(fetcher, Fetch(base, "/hello"))?.kind == .closing)
        }
    }

    @Test func loopThatClosesEndsTransfers() async throws {
        try await withServer { loop, server, fetcher, base in
            let local = loop.keep(fetcher)
            let kind = await withTaskGroup(of: FetchError.Class?.self) { group in
                group.addTask {
                    await loop.enter { loop in
                        do throws(FetchError) {
                            _ = try await loop[local].fetch(Fetch(base, "/silent"))
                            return nil
                        } catch { return error.kind }
                    }
                }
                while server.heads.isEmpty { try? await loop.yield() }
                loop.beginClosing()
                return await group.next() ?? nil
            }
            #expect(kind == .closing)
        }
    }
}
