import Bytes
@testable import Command
import EventLoop
import Foundation
@testable import Ingest
import Postgres
import Sandbox
import Series
import Store
import Testing
import TestSupport

/// What the service does by itself, by three processes beside each other.
@Suite struct SchedulerTests {
    private static let nodes = "DALCAHUE______110,CHILOE________220"

    struct Run: Sendable, Hashable {
        let schedule: String
        let due: Int64
        let filed: Int
    }

    /// Three loops with pools of their own on one store, and the dataset `cmg` as settings make it.
    private final class Processes {
        let catalogue: Catalogue
        let loops: [Loop]
        let stores: [Local<Store>]

        init(start: Int64, sources: String = "online") throws {
            let url = try TestServers.postgres()
            let settings = try Settings(
                SettingsReader(values: [
                    "DATABASE_URL": url, "SIP_API_KEY": "k", "CMG_NODES": SchedulerTests.nodes, "CMG_SOURCES": sources,
                ]))
            let catalogue = try Catalogue(settings)
            let configuration = try PostgresConfiguration(url)
            self.catalogue = catalogue
            loops = try (0..<3).map { try Loop(name: "scheduler \($0)") }
            stores = try loops.map { loop in
                try loop.runBlocking { loop in loop.keep(Store(pool: PostgresPool(configuration, size: 3, on: loop))) }
            }
            try loops[0].runBlocking { loop in
                let connection = try await PostgresConnection.connect(configuration, on: loop)
                _ = try await Store.migrate(connection, datasets: catalogue.datasets)
                connection.close()
            }
            try prepare(now: start)
        }

        /// What each start of a service does.
        func prepare(now: Int64) throws {
            let (dataset, store) = (catalogue.datasets[0], stores[0])
            try loops[0].runBlocking { loop in
                _ = try await loop[store].ensureSeries(dataset.followed, of: dataset.name, now: now)
                try await loop[store].ensureSchedules(dataset.schedules, of: dataset.name, now: now)
            }
        }

        /// All three do what is due at one instant; what each did.
        func perform(at now: Int64) async throws -> [Run] {
            try await withThrowingTaskGroup(of: [Run].self) { group in
                for (loop, store) in zip(loops, stores) {
                    let catalogue = catalogue
                    group.addTask {
                        try await loop.run { loop in
                            // A clock that shows this instant now.
                            let clock = ServiceClock(Store.StoredClock(realAt: Int64(ServiceClock.realNow), shownAt: now, speed: 0.001))
                            let planning = Planning(
                                store: loop[store], datasets: catalogue.datasets, clock: clock, rates: catalogue.rates)
                            var runs: [Run] = []
                            let scheduler = Scheduler(planning: planning, nudgeWorker: {}) { event in
                                if case .scheduleRan(_, let schedule, let ingestions, let late) = event {
                                    runs.append(Run(schedule: schedule, due: now - late, filed: ingestions.count))
                                }
                            }
                            let seconds = try await scheduler.perform()
                            #expect(seconds > 0 && seconds <= 30)
                            return runs
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        }

        func query<T: Sendable>(_ sql: SQL, _ read: @escaping @Sendable (Postgres.Row) throws -> T) throws -> [T] {
            let store = stores[0]
            return try loops[0].runBlocking { loop in try await loop[store].pool.query(sql).map(read) }
        }

        func stop() {
            for (loop, store) in zip(loops, stores) {
                try? loop.runBlocking { loop in loop[store].pool.close() }
                loop.stop()
            }
        }
    }

    private static func instant(_ text: String) throws -> Int64 { try Timestamp.parse(text) }

    private static func endAll(_ processes: Processes) throws {
        _ = try processes.query("update ingestions set status = 'failed', finished_at = now() where finished_at is null", { _ in 0 })
    }

    /// Three days, one of 23 or of 25 hours: each run is done once, on its minute by the clock on the wall.
    @Test(arguments: [("2025-09-05T12:00:00-04:00", 71), ("2025-04-04T12:00:00-03:00", 73), ("2025-12-01T12:00:00-03:00", 72)])
    func eachRunIsDoneOnce(from text: String, hours: Int) async throws {
        let start = try Self.instant(text)
        let processes = try Processes(start: start)
        defer { processes.stop() }
        var runs: [Run] = []
        var now = start
        while now < start + Int64(hours) * 3600 {
            runs += try await processes.perform(at: now)
            // The work of the last ones has come to an end, though not a good one.
            try Self.endAll(processes)
            // At no minute in particular, and in each half hour at least once.
            now += 600 + now / 7 % 1200
        }
        let zone = processes.catalogue.datasets[0].zone
        #expect(Set(runs).count == runs.count, "a run was done twice")
        func local(_ name: String) -> [String] {
            runs.filter { $0.schedule == name }.map { run in
                let local = zone.local(at: run.due)
                return "\(local.date) \(local.hour):\(local.minute)"
            }
        }
        let first = zone.day(at: start)
        let days = (0...3).map { first.advanced(by: $0) }
        #expect(local("nightly") == days.dropFirst().map { "\($0) 3:0" })
        #expect(local("check") == days.dropLast().map { "\($0) 15:0" })
        let fresh = runs.filter { $0.schedule == "fresh" }.map(\.due)
        #expect(fresh == (0..<hours).map { start + 300 + Int64($0) * 3600 }.prefix(fresh.count).map { $0 } && fresh.count >= hours - 1)
        // Nothing is held: each has something to ask for, but for the corrections.
        #expect(runs.allSatisfy { $0.filed == ($0.schedule == "corrections" ? 0 : 1) })
        let filed = try processes.query("select requested_by, lane, count(*) from ingestions group by 1, 2 order by 1") {
            "\(try $0.string(0)) \(try $0.string(1)) \(try $0.int(2))"
        }
        #expect(filed == ["schedule check repair 3", "schedule fresh live \(fresh.count)", "schedule nightly repair 3"])
    }

    @Test func whatWasMissedIsMadeUpForOnce() async throws {
        let start = try Self.instant("2025-12-01T12:00:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        // Nobody was there for nine days; then all start.
        let now = try Self.instant("2025-12-10T16:30:00-03:00")
        try processes.prepare(now: now)
        let runs = try await processes.perform(at: now)
        #expect(runs.map(\.schedule).sorted() == ["check", "corrections", "fresh", "nightly"])
        #expect(try runs.first { $0.schedule == "nightly" }?.due == Self.instant("2025-12-02T03:00:00-03:00"))
        #expect(try await processes.perform(at: now + 1).isEmpty)
        let next = try processes.query("select next_due from schedules order by name") { try $0.instant(0) }
        #expect(try next == [
            "2025-12-11T15:00:00-03:00", "2025-12-11T05:30:00-03:00", "2025-12-10T17:05:00-03:00", "2025-12-11T03:00:00-03:00",
        ].map(Self.instant))
        // What is asked for is judged by the present, not by when it was due: the urgent have yesterday and today, the check, or the
        // night's run, the days before, and the other of the two nothing.
        let spans = try processes.query("select selection ->> 'from', selection ->> 'to', requested_by from ingestions order by 3") {
            [try $0.string(0), try $0.string(1), try $0.string(2)]
        }
        #expect(try spans.map { try Self.instant($0[1]) } == [Self.instant("2025-12-09T00:00:00-03:00"), now], "\(spans)")
        #expect(try Self.instant(spans[0][0]) == Self.instant("2025-11-10T00:00:00-03:00"), "\(spans)")
        #expect(["schedule check", "schedule nightly"].contains(spans[0][2]) && spans[1][2] == "schedule fresh")
        #expect(try Self.twice(processes) == 0)
        #expect(runs.reduce(0) { $0 + $1.filed } == 2)
    }

    /// How many series and periods are asked for by two open calls.
    private static func twice(_ processes: Processes) throws -> Int {
        try processes.query("""
            select coalesce(sum(n - 1), 0)::int8 from (
                select count(*) n from tasks t, unnest(t.series_ids) s, generate_series(t.first_period, t.end_period - 1) p
                where t.status in ('available', 'running') group by s, p
            ) asked
            """) { try $0.int(0) }[0]
    }

    /// A call that waits for its turn brings what fell due meanwhile, be it that a person holds it back.
    @Test(arguments: ["pending", "paused"]) func whatIsAskedForIsNotAskedForAgain(_ status: String) async throws {
        let start = try Self.instant("2025-12-01T12:00:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        #expect(try await processes.perform(at: start + 300).map(\.filed) == [1])
        _ = try processes.query("update ingestions set status = \(status)", { _ in 0 })
        #expect(try await processes.perform(at: start + 3900).map(\.filed) == [0])
        try Self.endAll(processes)
        #expect(try await processes.perform(at: start + 7500).map(\.filed) == [1])
    }

    /// A call under way has asked for what was due when it began, and no more.
    @Test func aSlowCallDoesNotKeepWhatFallsDueWaiting() async throws {
        let start = try Self.instant("2025-12-01T12:00:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        _ = try await processes.perform(at: start + 300)
        // By a clock that shows a thousandth of a second a second.
        _ = try processes.query("""
            update tasks set status = 'running', lease_until = now() + interval '1 hour', begun_at = now() - interval '3600000 seconds'
            """, { _ in 0 })
        #expect(try await processes.perform(at: start + 3900).map(\.filed) == [1])
        let calls = try processes.query("""
            select t.status, t.end_period - t.first_period from tasks t where t.status = 'available'
            """) { try $0.int(1) }
        #expect(calls == [1, 1], "today alone, of each node")
    }

    /// The night's run has asked for what was due when it was filed; what falls due does not wait for its turn.
    @Test func whatFallsDueIsAskedForBesideTheNightsRun() async throws {
        let start = try Self.instant("2025-12-01T02:30:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        // Nothing was asked for in the first hours, so the night has all of the days before.
        _ = try processes.query("update schedules set next_due = next_due + interval '1 hour' where name = 'fresh'", { _ in 0 })
        #expect(try await processes.perform(at: start + 1800).map(\.schedule) == ["nightly"])
        let runs = try await processes.perform(at: start + 5700)
        #expect(runs.map(\.schedule) == ["fresh"] && runs.map(\.filed) == [1])
        let from = try processes.query("select selection ->> 'from' from ingestions where lane = 'live'") { try $0.string(0) }
        #expect(try from.map(Self.instant) == [Self.instant("2025-12-01T00:00:00-03:00")], "yesterday is the night's")
        let slots = try processes.query("select slots_detected::int8, gaps_detected::int8 from ingestions where lane = 'live'") {
            [try $0.int(0), try $0.int(1)]
        }
        // One hour of each of the two nodes.
        #expect(slots == [[2, 2]], "\(slots)")
        #expect(try await processes.perform(at: start + 5701).isEmpty)
    }

    /// A back-fill reaches its slots in days: nobody waits for it.
    @Test func historyHoldsNobodyOff() async throws {
        let start = try Self.instant("2025-12-01T12:00:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        _ = try await processes.perform(at: start + 300)
        _ = try processes.query("update ingestions set lane = 'history'", { _ in 0 })
        #expect(try await processes.perform(at: start + 3900).map(\.filed) == [1])
    }

    /// A clock that stood in another year for a while leaves no schedule waiting for it.
    @Test func aClockThatWentAheadAndCameBackIsGotOver() async throws {
        let start = try Self.instant("2025-12-01T12:00:00-03:00")
        let processes = try Processes(start: start)
        defer { processes.stop() }
        _ = try await processes.perform(at: start + 10 * 365 * 86_400)
        #expect(try await processes.perform(at: start + 60).isEmpty)
        try Self.endAll(processes)
        #expect(try await processes.perform(at: start + 300).map(\.schedule) == ["fresh"])
    }

    /// Days that are held are asked for again at the ages that the dataset names, and at no others.
    @Test func heldDaysAreAskedForAgainAtTheirAges() async throws {
        let start = try Self.instant("2025-12-01T05:00:00-03:00")
        let processes = try Processes(start: start, sources: "real,online")
        defer { processes.stop() }
        // All of the last hundred days, in quarters of hours.
        let (from, to) = (start / 900 - 9600, start / 900)
        _ = try processes.query("""
            update coverage set held = int8multirange(int8range(\(from), \(to)))
            """, { _ in 0 })
        let runs = try await processes.perform(at: start + 1800)
        #expect(runs.first { $0.schedule == "corrections" }?.filed == 5)
        let asked = try processes.query("""
            select selection ->> 'from', selection ->> 'to', selection ->> 'mode', lane, selection #>> '{source}' from ingestions
            where requested_by = 'schedule corrections'
            """) { [try $0.string(0), try $0.string(1), try $0.string(2), try $0.string(3), try $0.string(4)].joined(separator: " ") }
        func day(_ age: Int) throws -> String { try #require(LocalDate("2025-12-01")).advanced(by: -age).description }
        for age in [14, 21, 35, 65] {
            #expect(try asked.contains { try $0.hasPrefix(day(age)) && $0.hasSuffix(#"refresh repair ["real"]"#) }, "\(asked)")
        }
        #expect(try asked.contains { try $0.hasPrefix(day(1)) && $0.contains("online") }, "\(asked)")
    }
}
