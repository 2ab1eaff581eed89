import Bytes
import EventLoop
@testable import Ingest
import Series
@testable import Store
import Testing
import TestSupport
import Upstream

/// Tasks that ask no upstream, worked where no upstream can be asked.
@Suite struct LocalWorkTests {
    /// Hours and days of counts; a day is the sum of its hours.
    private static func dataset() -> Dataset {
        Dataset(
            name: "counts", title: "Counts", keys: ["name", "hours"], unit: "1", zone: .utc,
            calendars: .each(
                finest: .every(seconds: 3600, anchor: 0),
                of: { Calendar(ruler: .every(seconds: 3600 * (Int($0.values[1]) ?? 1), anchor: 0)) }),
            dueLag: { _ in 0 }, horizonDays: 10,
            shapes: [
                CallShape(name: "ask", kind: .window(periods: 10), fixed: Cost(requests: 1), secondsPerRequest: 1),
                CallShape(name: "derive", kind: .inference, fixed: Cost(requests: 0), secondsPerRequest: 0),
                CallShape(name: "archive", kind: .file, fixed: Cost(requests: 0), secondsPerRequest: 0),
            ],
            periods: .every(seconds: 60, anchor: 0),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 10, seconds: 60), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("nobody is asked") },
            schema: RowSchema(
                table: "count_rows", columns: [.init("count", .integer)],
                migrations: [
                    .init(name: "0001 rows", sql: """
                        create table count_rows (
                            series_id int not null references series, time timestamptz not null, count bigint not null,
                            task_id bigint not null,
                            primary key (series_id, time));
                        """)
                ]),
            slotFields: [], partFields: [], followed: [SeriesKey(["a", "1"]), SeriesKey(["a", "24"])],
            derivation: Derivation(
                sources: { $0.values[1] == "24" ? [SeriesKey([$0.values[0], "1"])] : [] },
                roll: { rows in
                    let counts = rows.map { if case .integer(let count) = $0[0] { count } else { Int64(0) } }
                    return [.integer(counts.reduce(0, +))]
                }, countColumn: 0, emptyReason: "no_trade", commonReason: "downtime"))
    }

    @Test func aLookForProofsSaysWhatStaysOpen() {
        var sum = Inferred()
        #expect(Inferring.result(sum, isEvidence: true).reason == "nothing was open")
        sum.left = 3408
        #expect(Inferring.result(sum, isEvidence: true).reason == "looked for proofs: 3408 slots stay open")
        #expect(Inferring.result(sum, isEvidence: false).reason == "3408 slots are not whole in any finer series")
        (sum.absent, sum.left) = (2, 1)
        let found = Inferring.result(sum, isEvidence: true)
        #expect(found.reason == "2 slots are known to be empty; looked for proofs: 1 slot stays open")
        #expect(found.ended == .proved, "another look would find no more")
    }

    private struct Bench {
        let loop: Loop
        let store: Store
        let dataset: Dataset
        let ids: [Int]

        static func with(_ body: @escaping @Sendable (isolated Loop, Bench) async throws -> Void) async throws {
            let dataset = LocalWorkTests.dataset()
            try await TestServers.withDatabase("local work") { connection in
                _ = try await Store.migrate(connection, datasets: [dataset])
            } _: { loop, pool in
                let store = Store(pool: pool)
                let ids = try await store.ensureSeries(dataset.followed, of: dataset.name, now: 0)
                try await body(loop, Bench(loop: loop, store: store, dataset: dataset, ids: ids))
            }
        }

        func file(_ shapes: [String], series: Int) async throws -> String {
            let calls = shapes.map {
                StoredCall(shape: $0, seriesIDs: [ids[series]], periods: 0..<3 * 1440, covers: 3, requests: 0, tokens: 0)
            }
            return try await store.insertIngestion(
                Store.NewIngestion(
                    dataset: dataset.name, selection: #"{"dataset":"counts"}"#, selectionDigest: "\(shapes)", planID: nil,
                    requestedBy: "test",
                    figures: PlanFigures(
                        gaps: 1, slots: 3, cost: Cost(requests: 0), lowerBound: Cost(requests: 0), optimality: .proven,
                        estimatedSeconds: 0),
                    calls: calls, filedAt: 10 * 86_400)
            ).id
        }

        /// Works until `isDone`, and puts down what is under way then.
        func work(
            on loop: isolated Loop, files: (any LocalWork)? = nil, leaseSeconds: Int = 15, restSeconds: Double = 60,
            until isDone: @escaping () async throws -> Bool
        ) async throws {
            var settings = Worker.Settings()
            settings.leaseSeconds = leaseSeconds
            settings.retry = RetryPolicy(maxAttempts: 4, baseSeconds: min(1, restSeconds), capSeconds: restSeconds)
            let fetcher = try Fetcher(on: loop, settings: Fetcher.Settings())
            let decoding = try Loop(name: "local work decoding")
            defer { decoding.stop() }
            let worker = Worker(
                loop: loop, decoding: decoding, store: store, datasets: [dataset], access: [:], fetcher: fetcher,
                clock: ServiceClock(Store.StoredClock(realAt: 0, shownAt: 10 * 86_400, speed: 1e-9)), settings: settings, files: files,
                observe: { _ in })
            let token = loop.keep(worker)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { worker.stop() }
                let deadline = Deadline.after(.seconds(60))
                while try await !isDone() { try #require(Deadline.now < deadline, "it takes too long") }
            }
            fetcher.close()
        }
    }

    @Test func withoutAnUpstreamOnlyWhatAsksNobodyIsWorked() async throws {
        try await Bench.with { loop, bench in
            // The hours of two days, an hour of the second missing.
            let first = try await bench.file(["ask"], series: 0)
            let task = try #require(try await bench.store.claimTask(worker: "w", datasets: ["counts"], leaseSeconds: 60))
            var hours = TaskResult(ended: .proved, reason: "")
            hours.rows = (0..<72).filter { $0 != 30 }.map {
                StoredRow(seriesID: bench.ids[0], time: Int64($0) * 3600, values: [.integer(Int64($0))])
            }
            _ = try await bench.store.finish(task, with: hours, dataset: bench.dataset, now: 0)
            let asking = try await bench.file(["ask", "ask"], series: 0)
            let local = try await bench.file(["derive", "archive", "ask"], series: 1)
            func statuses(_ id: String) async throws -> [String] {
                try await bench.store.tasks(of: id, after: -1, limit: 10).map(\.status)
            }
            try await bench.work(on: loop) { try await statuses(local).prefix(2).allSatisfy { $0 == "done" || $0 == "failed" } }
            let (locals, others, firsts) = (try await statuses(local), try await statuses(asking), try await statuses(first))
            #expect(locals == ["done", "failed", "available"])
            #expect(others == ["available", "available"] && firsts == ["done"])
            let records = try await bench.store.tasks(of: local, after: -1, limit: 10)
            #expect(records[0].counts.written == 2 && records[0].filled == 2 && records[0].requests == 0)
            #expect(records[0].ended == "unproved")
            #expect(records[0].reason == "2 slots follow from finer ones; 1 slot is not whole in any finer series")
            #expect(records[1].error == "this process reads no files of counts" && records[1].attempts == 1)
            let days = try await bench.store.snapshot(of: bench.dataset, choose: { _ in [bench.ids[1]] }, span: { _ in 0..<300_000 }).rows
            #expect(days.times == [0, 2 * 86_400])
            #expect((0..<2).map { days.value(0, of: $0) } == [.integer(276), .integer(1428)])
        }
    }

    /// Reads a file that never ends, until nobody wants it any more.
    private final class Endless: LocalWork {
        var begun = 0
        var halted = 0
        private let pause: Waiter

        init(_ loop: Loop) { pause = Waiter(loop) }

        func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd {
            begun += 1
            while !task.isHalted { try? await pause.wait(until: .after(.milliseconds(5))) }
            halted += 1
            return .halted
        }
    }

    /// Sees the file at one try of all, or at none.
    private final class Blind: LocalWork {
        private(set) var tries = 0
        private let sees: Int?

        init(seesAt sees: Int?) { self.sees = sees }

        func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd {
            tries += 1
            return tries == sees ? .ends(TaskResult(ended: .proved, reason: "seen"), written: 0) : .elsewhere("/data/a.csv is not here")
        }
    }

    @Test(arguments: [3, nil] as [Int?])
    func whatCannotBeDoneHereIsLeftToOthersForAWhile(_ seesAt: Int?) async throws {
        try await Bench.with { loop, bench in
            let ingestion = try await bench.file(["archive"], series: 0)
            let work = Blind(seesAt: seesAt)
            func task() async throws -> TaskRecord { try await bench.store.tasks(of: ingestion, after: -1, limit: 1)[0] }
            var said: Set<String> = []
            try await bench.work(on: loop, files: work, restSeconds: 0.01) {
                let task = try await task()
                if task.status == "available", let error = task.error { said.insert(error) }
                return task.status == "done" || task.status == "failed"
            }
            let ended = try await task()
            #expect(work.tries == seesAt ?? 8 && ended.attempts == work.tries)
            #expect(said.allSatisfy { $0.hasPrefix("try ") && $0.hasSuffix(" of 8: /data/a.csv is not here") })
            #expect(ended.status == (seesAt == nil ? "failed" : "done"))
            #expect(ended.error == (seesAt == nil ? "/data/a.csv is not here; nor could any worker that took it in 8 tries" : nil))
        }
    }

    @Test func whatIsPausedOrStoppedIsPutDownUntouched() async throws {
        try await Bench.with { loop, bench in
            let ingestion = try await bench.file(["archive"], series: 0)
            let work = Endless(loop)
            func task() async throws -> TaskRecord { try await bench.store.tasks(of: ingestion, after: -1, limit: 1)[0] }
            var isPaused = false
            try await bench.work(on: loop, files: work, leaseSeconds: 1) {
                if work.begun == 1, !isPaused {
                    isPaused = true
                    _ = try await bench.store.pause(ingestion: ingestion, by: "test")
                }
                return work.halted == 1 ? try await task().status == "available" : false
            }
            let paused = try await task()
            #expect(paused.attempts == 0)
            _ = try await bench.store.resume(ingestion: ingestion, by: "test")
            // The end of the worker halts it as well.
            try await bench.work(on: loop, files: work) { try await task().status == "running" && work.begun == 2 }
            #expect(work.halted == 2)
            let stopped = try await task()
            #expect(stopped.status == "available" && stopped.attempts == 0)
        }
    }
}
