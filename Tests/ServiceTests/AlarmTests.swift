import Bytes
import EventLoop
import Foundation
@testable import Ingest
import Postgres
import Series
@testable import Store
import Testing

/// Alarms against a real store: one a cause, cleared when mended, whoever looks.
@Suite struct AlarmTests {
    private static let held = Identifier("held")!
    private static let absent = Identifier("absent")!
    private static let excluded = Identifier("excluded")!
    /// Up to the last hour past its objective at noon: due lag and grace are an hour each.
    private static let whole = [0..<58]

    private func causes(_ alerts: [StoredAlert]) -> [String] {
        alerts.map { "\($0.cause.kind.rawValue) \($0.cause.key)" }.sorted()
    }

    private func open(_ test: AlertsUnderTest) async throws -> [StoredAlert] {
        try await test.store.alerts(state: .open, kind: nil, dataset: nil, after: nil, limit: 100)
    }

    @Test func anEmptyStoreIsAlarmedByTheDayAndMendedByTheDay() async throws {
        try await AlertsUnderTest.with { _, test in
            let told = AlertsUnderTest.Told()
            let alarms = test.alarms(told: told)
            let first = try #require(try await alarms.lookNow())
            #expect(causes(first.opened) == ["incomplete_day 2025-12-01", "incomplete_day 2025-12-02", "late_slot "])
            #expect(first.cleared.isEmpty && told.events.count == 3)
            let late = try #require(first.opened.first { $0.cause.kind == .lateSlot })
            #expect(late.alarm.message == "hours: 2 series lack 20 hours past their objective, the oldest due at 2025-12-03T02:00:00Z")
            // Again: the same alarms.
            let again = try #require(try await alarms.lookNow())
            #expect(again.opened.isEmpty && again.cleared.isEmpty)
            // One series whole, the other but for one hour of the second day.
            try await test.set(Self.held, 0, Self.whole)
            try await test.set(Self.held, 1, [0..<30, 31..<58])
            let mended = try #require(try await alarms.lookNow())
            #expect(mended.opened.isEmpty && causes(mended.cleared) == ["incomplete_day 2025-12-01", "late_slot "])
            #expect(mended.cleared.allSatisfy { $0.clearedBecause == .mended && $0.clearedAt != nil })
            let left = try #require(try await open(test).first)
            #expect(left.alarm.count == 1 && left.id == first.opened.first { $0.cause.key == "2025-12-02" }?.id)
            try await test.set(Self.excluded, 1, [30..<31])
            #expect(causes(try #require(try await alarms.lookNow()).cleared) == ["incomplete_day 2025-12-02"])
            // What comes again is another alarm.
            try await test.set(Self.excluded, 1, [])
            let reopened = try #require(try await alarms.lookNow())
            #expect(causes(reopened.opened) == ["incomplete_day 2025-12-02"] && reopened.opened[0].id != left.id)
            #expect(try await test.store.alerts(state: .all, kind: .incompleteDay, dataset: "hours", after: nil, limit: 100).count == 3)
            let gauges = try await test.store.openAlerts()
            #expect(gauges == [.init(kind: .incompleteDay, severity: .warning, scope: "hours", count: 1)])
        }
    }

    @Test func whatIsFollowedSinceTodayIsNotAlarmedYet() async throws {
        try await AlertsUnderTest.with { _, test in
            let alarms = test.alarms()
            _ = try await test.store.pool.query("update series set created_at = now() where id = \(Int32(test.ids[1]))")
            let first = try #require(try await alarms.lookNow())
            #expect(causes(first.opened) == ["incomplete_day 2025-12-01", "incomplete_day 2025-12-02", "late_slot "])
            #expect(first.opened.filter { $0.cause.kind == .incompleteDay }.allSatisfy { $0.alarm.message.contains("1 of 1 series") })
            _ = try await test.store.pool.query("update series set created_at = now()")
            #expect(try #require(try await alarms.lookNow()).cleared.count == 3)
        }
    }

    /// By a clock that shows a day an hour, two hours ago is not today.
    @Test func whatIsFollowedSinceTodayIsSoByTheShownClock() async throws {
        try await AlertsUnderTest.with { _, test in
            _ = try await test.store.pool.query("update series set created_at = now() - interval '2 hours'")
            #expect(try #require(try await test.alarms().lookNow()).opened.isEmpty)
            #expect(try #require(try await test.alarms(speed: 24).lookNow()).opened.count == 3)
        }
    }

    /// Absent is lacking, and where it is known to stay so it is told in another way; beyond the horizon nobody looks.
    @Test func whatIsLostIsReclassifiedAndADayLeavesTheHorizon() async throws {
        try await AlertsUnderTest.with { _, test in
            try await test.set(Self.held, 0, Self.whole)
            try await test.set(Self.held, 1, [0..<30, 31..<58])
            try await test.set(Self.absent, 1, [30..<31])
            let alarms = test.alarms()
            let first = try #require(try await alarms.lookNow())
            #expect(causes(first.opened) == ["incomplete_day 2025-12-02"] && first.opened[0].alarm.severity == .warning)
            let slot = Int(AlertsUnderTest.now / 3600) - 30
            try await test.store.pool.query("""
                insert into absences (series_id, first_slot, end_slot, reason, since, asked_at, attempts, steps, task_id)
                values (\(test.ids[1]), \(slot), \(slot + 1), 'overwritten', now(), now(), 1, 1, 1)
                """)
            let lost = try #require(try await alarms.lookNow())
            #expect(lost.cleared.map(\.clearedBecause) == [.reclassified] && lost.opened.map(\.alarm.severity) == [.info])
            #expect(lost.opened[0].acknowledgedBy == "gapless" && lost.opened[0].acknowledgedAt != nil)
            let still = try #require(try await alarms.lookNow())
            #expect(still.opened.isEmpty && still.cleared.isEmpty)
            // Three days later the hours that follow lack, and the day is nobody's.
            let later = try #require(try await test.alarms(now: AlertsUnderTest.now + 3 * 86_400).lookNow())
            #expect(later.cleared.map(\.clearedBecause) == [.outOfView] && later.cleared[0].id == lost.opened[0].id)
        }
    }

    @Test func anUpstreamThatFailsIsAlarmedUntilItAnswersWell() async throws {
        try await AlertsUnderTest.with { _, test in
            try await test.set(Self.held, 0, Self.whole)
            try await test.set(Self.held, 1, Self.whole)
            let alarms = test.alarms()
            func note(_ counts: [String: Int]) async throws {
                try await test.store.note(outcomes: [UpstreamOutcomes(upstream: "far", counts: counts)])
            }
            try await note(["ok": 1, "timeout": 3])
            #expect(try #require(try await alarms.lookNow()).opened.isEmpty)
            try await note(["timeout": 1, "server": 1])
            let failing = try #require(try await alarms.lookNow())
            #expect(causes(failing.opened) == ["failing_upstream "] && failing.opened[0].alarm.severity == .critical)
            #expect(failing.opened[0].alarm.message.contains("5 of the last 6 requests failed, most of them so: no answer in time"))
            // All of it is long ago, and nothing was asked since: nobody says that it is well.
            try await test.store.pool.query("update upstream_outcomes set noted_at = noted_at - interval '1 hour'")
            let silent = try #require(try await alarms.lookNow())
            #expect(silent.opened.isEmpty && silent.cleared.isEmpty)
            try await note(["ok": 1])
            #expect(causes(try #require(try await alarms.lookNow()).cleared) == ["failing_upstream "])
        }
    }

    /// Ten an hour hold 240 a day, and a call is expected to need a fifth more than it was planned for: what is asked for now counts, what
    /// may take its time does not.
    @Test func aQuotaThatDoesNotHoldWhatIsAskedIsAlarmed() async throws {
        try await AlertsUnderTest.with { _, test in
            try await test.set(Self.held, 0, Self.whole)
            try await test.set(Self.held, 1, Self.whole)
            func ask(_ requests: Int, _ lane: String) async throws {
                let ingestion = try await test.store.pool.query("""
                    insert into ingestions (dataset, status, selection, selection_digest, requested_by, gaps_detected, slots_detected,
                        lower_bound_requests, optimality, filed_at, lane)
                    values ('hours', 'pending', '{}', \(lane + "\(requests)"), 'test', 1, 1, 1, 'proven', now(), \(lane))
                    returning id::text
                    """).only().string(0)
                try await test.store.pool.query("""
                    insert into tasks (ingestion_id, ordinal, shape, series_ids, first_period, end_period, covers, requests_planned)
                    values (\(ingestion)::uuid, 0, 's', array[1], 0, 1, 1, \(requests))
                    """)
            }
            let alarms = test.alarms()
            try await ask(10_000, "history")
            try await ask(160, "live")
            try await ask(40, "repair")
            #expect(try #require(try await alarms.lookNow()).opened.isEmpty)
            try await ask(3, "repair")
            let short = try #require(try await alarms.lookNow())
            #expect(causes(short.opened) == ["budget_short "] && short.opened[0].alarm.count == 1)
            #expect(short.opened[0].alarm.message.contains("203 requests"))
            try await test.store.pool.query("update tasks set status = 'cancelled', finished_at = now() where requests_planned = 40")
            #expect(causes(try #require(try await alarms.lookNow()).cleared) == ["budget_short "])
        }
    }

    /// The last score of a series counts, for a week.
    @Test func seriesBelowTheGateAreOneAlarmOfTheirDataset() async throws {
        try await AlertsUnderTest.with { _, test in
            try await test.set(Self.held, 0, Self.whole)
            try await test.set(Self.held, 1, Self.whole)
            func came(_ series: Int, odd: Int, daysAgo: Int64) async throws {
                let id = try await test.store.pool.query("""
                    insert into ingestions (dataset, status, selection, selection_digest, requested_by, gaps_detected, slots_detected,
                        lower_bound_requests, optimality, filed_at, finished_at)
                    values ('hours', 'completed', '{}', \("\(series) \(odd) \(daysAgo)"), 'test', 1, 1, 1, 'proven', now(), now())
                    returning id::text
                    """).only().string(0)
                try await test.store.pool.query("""
                    insert into quality (ingestion_id, series_id, check_name, records, at)
                    select \(id)::uuid, \(test.ids[series]), v.name, v.records, \(.instant(AlertsUnderTest.now - daysAgo * 86_400))
                    from (values ('', 10::int8), ('odd', \(odd))) as v (name, records) where v.records > 0
                    """)
            }
            let alarms = test.alarms()
            try await came(0, odd: 4, daysAgo: 1)
            #expect(try #require(try await alarms.lookNow()).opened.isEmpty)
            try await came(1, odd: 10, daysAgo: 8)
            #expect(try #require(try await alarms.lookNow()).opened.isEmpty, "what is older than a week says nothing of now")
            try await came(0, odd: 5, daysAgo: 0)
            let opened = try #require(try await alarms.lookNow()).opened
            #expect(causes(opened) == ["quality "] && opened[0].alarm.count == 1 && opened[0].alarm.severity == .warning)
            #expect(opened[0].alarm.message == "hours: the last records of 1 of 1 series scored below the gate of 0.8, the lowest 0.75 (a)")
            #expect(try await test.store.alerts(state: .open, kind: .quality, dataset: "hours", after: nil, limit: 9).count == 1)
            let again = try #require(try await alarms.lookNow())
            #expect(again.opened.isEmpty && again.cleared.isEmpty)
            try await came(0, odd: 0, daysAgo: -1)
            let cleared = try #require(try await alarms.lookNow()).cleared
            #expect(causes(cleared) == ["quality "] && cleared[0].clearedBecause == .mended)
        }
    }

    /// Eight at once open one cause, and eight clear it: one each is told that it did.
    @Test func ofManyThatOpenOneCauseOneDid() async throws {
        try await AlertsUnderTest.with { loop, test in
            let configuration = test.configuration
            let alarm = Alarm(
                .init(.incompleteDay, scope: "hours", key: "2025-12-01"), .warning, message: "m", count: 1, subject: "{}", details: "{}")
            func each(_ body: @escaping @Sendable (PostgresConnection) async throws -> String?) async throws -> [String] {
                try await withThrowingTaskGroup(of: String?.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            try await loop.enter { loop in
                                let connection = try await PostgresConnection.connect(configuration, on: loop)
                                defer { connection.close() }
                                return try await body(connection)
                            }
                        }
                    }
                    var all: [String] = []
                    for try await one in group { if let one { all.append(one) } }
                    return all
                }
            }
            let opened = try await each { connection in
                let (alert, isNew) = try await Store.open(alarm, now: 5, on: connection)
                return isNew ? alert.id : nil
            }
            let id = try #require(opened.first)
            #expect(opened.count == 1)
            let cleared = try await each { try await Store.clear(id, because: .mended, now: 9, on: $0)?.id }
            #expect(cleared == [id])
            #expect(try await self.open(test).isEmpty)
        }
    }

    /// Rounds of several processes at once change each alarm once, and one that is under way keeps the others out.
    @Test func oneRoundAtATime() async throws {
        try await AlertsUnderTest.with { loop, test in
            let others = [test.anotherStore(), test.anotherStore()]
            let inside = try await test.store.alarmRound(apart: 0) { _ in
                try await others[0].alarmRound(apart: 0) { _ in true } == nil
            }
            #expect(inside == true)
            // None within the pause after one.
            #expect(try await others[1].alarmRound(apart: 3600) { _ in true } == nil)
            let all = ([test.store] + others).map { loop.keep(test.alarms(telling: true, on: $0)) }
            let opened = try await withThrowingTaskGroup(of: Int.self) { group in
                for alarms in all {
                    group.addTask {
                        try await loop.enter { loop in
                            var opened = 0
                            for _ in 0..<5 { opened += try await loop[alarms].lookNow()?.opened.count ?? 0 }
                            return opened
                        }
                    }
                }
                var sum = 0
                for try await opened in group { sum += opened }
                return sum
            }
            #expect(opened == 3)
            let counting: SQL = "select (select count(*) from alerts), (select count(*) from alert_deliveries)"
            let rows = try await test.store.pool.query(counting).only()
            #expect(try rows.int(0) == 3 && rows.int(1) == 3)
        }
    }
}
