import Bytes
import EventLoop
@testable import Ingest
import Postgres
import Series
@testable import Store
import Synchronization
import Testing
import TestSupport
import Upstream

/// A worker heeds what ingestions may take: it begins no more, ends what is left as partial, and a resume goes on from there.
@Suite struct WorkLimitWorkerTests {
    private static let days = 3

    /// Hours of counts, each day of which is a call that asks nobody.
    private static func dataset() -> Dataset {
        Dataset(
            name: "counts", title: "Counts", keys: ["name"], unit: "1", zone: .utc, calendars: .alike(
                Calendar(ruler: .every(seconds: 3600, anchor: 0))), dueLag: { _ in 0 }, horizonDays: 10,
            shapes: [CallShape(name: "archive", kind: .file, fixed: Cost(requests: 0), secondsPerRequest: 0)],
            periods: .every(seconds: 3600, anchor: 0),
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
            slotFields: [], partFields: [], followed: [SeriesKey(["a"])])
    }

    /// Brings the hours of each call, and does something after the first.
    private final class Bringing: LocalWork {
        private(set) var tasks: [Int64] = []
        let afterFirst: (Int64) async throws -> Void

        init(afterFirst: @escaping (Int64) async throws -> Void) { self.afterFirst = afterFirst }

        func perform(_ task: LocalTask, _ dataset: Dataset, now: Int64) async throws -> LocalEnd {
            tasks.append(task.claim.id)
            if tasks.count == 1 { try await afterFirst(task.claim.id) }
            var result = TaskResult(ended: .proved, reason: "brought")
            result.rows = task.claim.periods.map {
                StoredRow(seriesID: task.claim.seriesIDs[0], time: Int64($0) * 3600, values: [.integer(Int64($0))])
            }
            return .ends(result, written: 0)
        }
    }

    private struct Bench {
        let store: Store
        let dataset: Dataset
        let id: String

        static func with(_ body: @escaping @Sendable (isolated Loop, Bench) async throws -> Void) async throws {
            let dataset = WorkLimitWorkerTests.dataset()
            try await TestServers.withDatabase("work limits") { connection in
                _ = try await Store.migrate(connection, datasets: [dataset])
            } _: { loop, pool in
                let store = Store(pool: pool)
                let ids = try await store.ensureSeries(dataset.followed, of: dataset.name, now: 0)
                let calls = (0..<days).map {
                    StoredCall(shape: "archive", seriesIDs: ids, periods: $0 * 24..<($0 + 1) * 24, covers: 24, requests: 0, tokens: 0)
                }
                let id = try await store.insertIngestion(
                    Store.NewIngestion(
                        dataset: dataset.name, selection: #"{"dataset":"counts","from":"1970-01-01","to":"1970-01-04","mode":"missing"}"#,
                        selectionDigest: "d", planID: nil, requestedBy: "test",
                        figures: PlanFigures(
                            gaps: 1, slots: 72, cost: Cost(requests: 0), lowerBound: Cost(requests: 0), optimality: .proven,
                            estimatedSeconds: 0),
                        calls: calls, filedAt: 10 * 86_400)
                ).id
                try await body(loop, Bench(store: store, dataset: dataset, id: id))
            }
        }

        func job() async throws -> StoredIngestion { try #require(try await store.ingestion(id: id)) }

        /// Works until the ingestion is over; what was told meanwhile.
        @discardableResult
        func work(
            on loop: isolated Loop, _ files: any LocalWork, seconds: Int? = nil, memory: MemoryLimit? = nil
        ) async throws -> [IngestEvent] {
            var settings = Worker.Settings()
            (settings.tasksAtOnce, settings.processingSeconds, settings.memory) = (1, seconds, memory)
            let fetcher = try Fetcher(on: loop, settings: Fetcher.Settings())
            let decoding = try Loop(name: "work limits decoding")
            defer { decoding.stop() }
            let access = UpstreamAccess(
                base: Base("http://127.0.0.1:1")!, credentials: [], rate: RequestRate(count: 10, seconds: 60), requestsInFlight: nil)
            var told: [IngestEvent] = []
            let worker = Worker(
                loop: loop, decoding: decoding, store: store, datasets: [dataset], access: ["nowhere": access], fetcher: fetcher,
                clock: ServiceClock(Store.StoredClock(realAt: 0, shownAt: 10 * 86_400, speed: 1e-9)), settings: settings, files: files,
                observe: { told.append($0) })
            let token = loop.keep(worker)
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { await token.loop.enter { loop in await loop[token].run(as: token) } }
                defer { worker.stop() }
                let deadline = Deadline.after(.seconds(60))
                while try await !job().status.isOver { try #require(Deadline.now < deadline, "it takes too long") }
            }
            fetcher.close()
            return told
        }

        func expectWhole(_ files: Bringing) async throws {
            let job = try await job()
            #expect(job.status == .completed && job.error == nil && job.sums.written == 72 && job.sums.unchanged == 0)
            // Each call once, those before the rest not again.
            #expect(files.tasks.count == days && Set(files.tasks).count == days)
            #expect(job.performance.callsDone == days && job.performance.success == 1)
        }
    }

    @Test func anIngestionPastItsTimeGoesOnWhenItIsResumed() async throws {
        try await Bench.with { loop, bench in
            let files = Bringing { _ in
                _ = try await bench.store.pool.query("update ingestions set working_since = now() - interval '2 hours'")
            }
            let told = try await bench.work(on: loop, files, seconds: 7200)
            let job = try await bench.job()
            #expect(job.status == .partial && job.sums.written == 24 && files.tasks.count == 1)
            #expect(job.error == "stopped after PT2H (MAX_PROCESSING_TIME) with 2 calls left: resume it to go on")
            #expect(job.performance.memoryPeakBytes ?? 0 > 0 && job.performance.storeSecondsMean != nil)
            let operations = told.compactMap { event -> String? in
                guard case .operation(let what, "counts", let isWell, _, let peak) = event else { return nil }
                return "\(what.rawValue) \(isWell) \(peak != nil)"
            }
            #expect(operations == ["store true false", "call true true", "ingestion true true"])
            _ = try await bench.store.resume(ingestion: bench.id, by: "ana")
            try await bench.work(on: loop, files, seconds: 7200)
            try await bench.expectWhole(files)
        }
    }

    @Test func aProcessShortOfMemoryBeginsNothing() async throws {
        try await Bench.with { loop, bench in
            let reading = Resident(megabytes: 100)
            var memory = MemoryLimit(bytes: 100 << 20)
            memory.resident = { reading.bytes }
            memory.giveBack = {}
            memory.patience = .zero
            let files = Bringing { _ in reading.bytes = (100 << 20) + 1 }
            let told = try await bench.work(on: loop, files, memory: memory)
            let job = try await bench.job()
            // The call under way was ended, and what it brought is held.
            #expect(job.status == .partial && job.sums.written == 24 && files.tasks.count == 1)
            #expect(
                job.error == "stopped for want of memory (memory 101 MB, MAX_MEMORY_USAGE 100 MB) with 2 calls left: resume it to go on")
            #expect(told.count { if case .memoryShort = $0 { true } else { false } } == 1)
            reading.bytes = 100 << 20
            _ = try await bench.store.resume(ingestion: bench.id, by: "ana")
            try await bench.work(on: loop, files, memory: memory)
            try await bench.expectWhole(files)
        }
    }

    /// What a process is said to have resident.
    private final class Resident: Sendable {
        private let value: Atomic<Int>
        init(megabytes: Int) { value = Atomic(megabytes << 20) }
        var bytes: Int {
            get { value.load(ordering: .relaxed) }
            set { value.store(newValue, ordering: .relaxed) }
        }
    }

    @Test func theHeapIsAskedToGiveBackFirst() throws {
        let reading = Resident(megabytes: 2101)
        var limit = MemoryLimit(bytes: 2048 << 20)
        limit.resident = { reading.bytes }
        limit.giveBack = { reading.bytes = 2047 << 20 }
        limit.patience = .zero
        let gate = MemoryGate(limit) { _ in Issue.record("it was shut") }
        #expect(gate.isOpen() && reading.bytes == 2047 << 20)
        #expect(gate.despair(isIdle: true) == nil)
    }

    @Test func whileSomethingIsUnderWayThereIsHope() {
        let reading = Resident(megabytes: 2101)
        var limit = MemoryLimit(bytes: 2048 << 20)
        limit.resident = { reading.bytes }
        limit.giveBack = {}
        var told = 0
        let patient = MemoryGate(limit) { _ in told += 1 }
        #expect(!patient.isOpen() && !patient.isOpen() && told == 1)
        #expect(patient.despair(isIdle: true) == nil, "not before a minute has gone")
        limit.patience = .zero
        let gate = MemoryGate(limit) { _ in }
        #expect(gate.despair(isIdle: false) == nil)
        #expect(gate.despair(isIdle: true) == "memory 2101 MB, MAX_MEMORY_USAGE 2048 MB")
        reading.bytes = 2048 << 20
        #expect(gate.isOpen() && gate.despair(isIdle: true) == nil)
        limit.resident = { nil }
        #expect(MemoryGate(limit) { _ in }.isOpen())
    }

    @Test func aSettingHoldsForAllDatasetsAndTheirOwnWordWhereThereIsNone() {
        #expect(Worker.timeLimits(of: [Self.dataset()], nil) == [:])
        #expect(Worker.timeLimits(of: [Self.dataset()], 60) == ["counts": 60])
    }
}
