import Codec
import EventLoop
import Foundation
@testable import Ingest
import Postgres
import Series
@testable import Store
import Testing
import Upstream

/// Webhooks over a real socket: signed, once where all is well, in order, again where it is not, and given up in the end.
@Suite struct WebhookTests {
    private static let secret = "a signing secret"

    /// Retries are due at once, so that no test waits.
    private static func webhook(
        _ test: AlertsUnderTest, _ hook: Hook, on store: Store? = nil, attemptsMax: Int = 12, told: AlertsUnderTest.Told
    ) throws -> Webhook {
        var settings = Webhook.Settings()
        settings.firstPauseSeconds = 0
        settings.longestPauseSeconds = 0
        settings.attemptsMax = attemptsMax
        return Webhook(
            store: store ?? test.store, hook: hook, secret: Secret(secret), fetcher: try Fetcher(on: test.loop), settings: settings,
            observe: { told.events.append($0) })
    }

    private static func raise(_ test: AlertsUnderTest, _ alarms: [Alarm], over: StoredAlert.Clearing? = nil) async throws {
        _ = try await test.store.alarmRound(apart: 0) { try await $0.settle(alarms, now: 5, telling: true) { _ in over } }
    }

    private static func alarm(_ key: String) -> Alarm {
        Alarm(
            .init(.incompleteDay, scope: "hours", key: key), .warning, message: "a \"day\" lacks", count: 1,
            subject: #"{"date":"\#(key)"}"#, details: "{}")
    }

    private static func left(_ test: AlertsUnderTest) async throws -> Int {
        try await test.store.pool.query("select count(*) from alert_deliveries where ended_at is null").only().int(0)
    }

    @Test func whatIsToldIsSignedAndSaysWhatTheAPISays() async throws {
        try await AlertsUnderTest.with { loop, test in
            let receiver = try HookReceiver(on: loop)
            let told = AlertsUnderTest.Told()
            let webhook = try Self.webhook(test, receiver.hook(), told: told)
            try await Self.raise(test, [Self.alarm("2025-12-01")])
            try await Self.raise(test, [], over: .mended)
            _ = try await webhook.perform()
            #expect(receiver.told.map(\.event) == ["opened", "cleared"])
            for one in receiver.told {
                let stamp = try #require(one.header("Gapless-Timestamp"))
                let code = HMACSHA256.code(of: Array("\(stamp).".utf8) + one.body, key: Array(Self.secret.utf8))
                #expect(one.header("Gapless-Signature") == "v1=" + Hex.encode(code))
                #expect(one.header("Gapless-Delivery") == one.object["id"] as? String && one.header("Gapless-Event") == one.event)
                #expect(one.header("Content-Type") == "application/json")
                #expect(one.header("query") == "/hooks/pathword?key=queryword")
                #expect(abs(Double(stamp)! - ServiceClock.realNow) < 3600)
            }
            let opened = receiver.told[0].alert
            #expect(opened["kind"] as? String == "incomplete_day" && opened["message"] as? String == "a \"day\" lacks")
            #expect(opened["state"] as? String == "open" && opened["opened_at"] as? String == "1970-01-01T00:00:05Z")
            #expect(receiver.told[1].alert["cleared_because"] as? String == "mended")
            #expect(receiver.told[1].alert["id"] as? String == opened["id"] as? String)
            #expect(receiver.told[0].header("Gapless-Delivery") != receiver.told[1].header("Gapless-Delivery"))
            #expect(try await Self.left(test) == 0 && told.events.count == 2)
            await receiver.end()
        }
    }

    @Test func threeProcessesTellItOnce() async throws {
        try await AlertsUnderTest.with { loop, test in
            let receiver = try HookReceiver(on: loop)
            let told = AlertsUnderTest.Told()
            let webhooks = try [test.store, test.anotherStore(), test.anotherStore()].map {
                loop.keep(try Self.webhook(test, receiver.hook(), on: $0, told: told))
            }
            let keys = (10..<30).map { "2025-12-\($0)" }
            try await Self.raise(test, keys.map(Self.alarm))
            try await Self.raise(test, [], over: .mended)
            while try await Self.left(test) > 0 {
                try await withThrowingTaskGroup { group in
                    for webhook in webhooks {
                        group.addTask { try await loop.enter { loop in _ = try await loop[webhook].perform() } }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(receiver.told.count == 40 && Set(receiver.told.compactMap { $0.header("Gapless-Delivery") }).count == 40)
            // Of each cause the opening came before the clearing.
            for key in keys {
                let events = receiver.told.filter { ($0.alert["subject"] as? [String: Any])?["date"] as? String == key }.map(\.event)
                #expect(events == ["opened", "cleared"])
            }
            await receiver.end()
        }
    }

    /// While the opening is not taken the clearing waits; another cause does not.
    @Test func errorsAreTriedAgainInOrder() async throws {
        try await AlertsUnderTest.with { loop, test in
            let receiver = try HookReceiver(on: loop)
            receiver.statuses = [500, 204, 429, 302, 204, 204]
            let told = AlertsUnderTest.Told()
            let webhook = try Self.webhook(test, receiver.hook(), told: told)
            try await Self.raise(test, [Self.alarm("2025-12-01")])
            try await Self.raise(test, [], over: .mended)
            while try await Self.left(test) > 0 { _ = try await webhook.perform() }
            #expect(receiver.told.map(\.event) == ["opened", "opened", "cleared", "cleared", "cleared"])
            #expect(receiver.told[0].header("Gapless-Delivery") == receiver.told[1].header("Gapless-Delivery"))
            #expect(receiver.told[0].body == receiver.told[1].body)
            let failures = told.events.compactMap { if case .webhookFailed(_, _, _, let reason, _?) = $0 { reason } else { nil } }
            #expect(failures == ["status 500", "status 429", "status 302"])
            await receiver.end()
        }
    }

    @Test func aReceiverThatIsDownIsToldWhenItIsUp() async throws {
        try await AlertsUnderTest.with { loop, test in
            let first = try HookReceiver(on: loop)
            let address = first.address
            let hook = first.hook()
            await first.end()
            let told = AlertsUnderTest.Told()
            let webhook = try Self.webhook(test, hook, attemptsMax: 1_000_000, told: told)
            try await Self.raise(test, [Self.alarm("2025-12-01")])
            while told.events.isEmpty { _ = try await webhook.perform() }
            #expect(try await Self.left(test) == 1)
            let second = try HookReceiver(on: loop, address: address)
            while try await Self.left(test) > 0 { _ = try await webhook.perform() }
            #expect(second.told.map(\.event) == ["opened"])
            // What is logged names no part of the address that may be a secret.
            #expect(!"\(told.events) \(hook)".contains("word"))
            await second.end()
        }
    }

    @Test func whatIsNeverTakenIsGivenUpAndLetsTheNextGo() async throws {
        try await AlertsUnderTest.with { loop, test in
            let receiver = try HookReceiver(on: loop)
            receiver.statuses = [500, 500, 500]
            let told = AlertsUnderTest.Told()
            let webhook = try Self.webhook(test, receiver.hook(), attemptsMax: 3, told: told)
            try await Self.raise(test, [Self.alarm("2025-12-01")])
            try await Self.raise(test, [], over: .mended)
            while try await Self.left(test) > 0 { _ = try await webhook.perform() }
            #expect(receiver.told.map(\.event) == ["opened", "opened", "opened", "cleared"])
            let given = told.events.compactMap {
                if case .webhookFailed(_, let event, let tries, _, nil) = $0 { "\(event) \(tries)" } else { nil }
            }
            #expect(given == ["opened 3"])
            let row = try await test.store.pool.query("select ended, error from alert_deliveries order by ordinal limit 1").only()
            #expect(try row.string(0) == "given_up" && row.string(1) == "status 500")
            await receiver.end()
        }
    }

    /// A process that died with a delivery: nobody else has it before the lease is over, and then it is made with the same id; who had it
    /// before has no say any more.
    @Test func aDeliveryThatWasClaimedAndLeftIsMadeByAnother() async throws {
        try await AlertsUnderTest.with { _, test in
            try await Self.raise(test, [Self.alarm("2025-12-01")])
            let lost = try #require(try await test.store.claimDelivery(leaseSeconds: 3600))
            #expect(try await test.store.claimDelivery(leaseSeconds: 3600) == nil)
            try await test.store.pool.query("update alert_deliveries set next_at = clock_timestamp()")
            let again = try #require(try await test.anotherStore().claimDelivery(leaseSeconds: 3600))
            #expect(again.id == lost.id && again.body == lost.body && again.attempts == 2)
            try await test.store.gaveUp(lost, because: "late")
            try await test.store.putOff(lost, seconds: 0, because: "late")
            #expect(try await Self.left(test) == 1)
            #expect(try await test.store.claimDelivery(leaseSeconds: 3600) == nil)
            try await test.store.delivered(again)
            #expect(try await Self.left(test) == 0)
        }
    }

    /// A receiver that does not answer does not keep the service from its end; nothing is begun after it, and nothing is lost.
    @Test func aStopBreaksADeliveryOff() async throws {
        try await AlertsUnderTest.with { loop, test in
            let receiver = try HookReceiver(on: loop)
            let hangs = Waiter(loop)
            receiver.hangs = hangs
            let told = AlertsUnderTest.Told()
            let webhook = loop.keep(try Self.webhook(test, receiver.hook(), told: told))
            try await Self.raise(test, [Self.alarm("2025-12-01"), Self.alarm("2025-12-02")])
            try await withThrowingTaskGroup { group in
                group.addTask { try await loop.enter { loop in _ = try await loop[webhook].perform() } }
                while receiver.told.isEmpty { try await receiver.arrived.wait() }
                loop[webhook].stop()
                try await group.waitForAll()
            }
            #expect(receiver.told.count == 1 && told.events.isEmpty)
            #expect(try await Self.left(test) == 2)
            hangs.wake()
            await receiver.end()
        }
    }

    @Test func whatIsLongOverIsTakenOutAndWhatNobodyTakesIsGivenUp() async throws {
        try await AlertsUnderTest.with { _, test in
            let (store, pool) = (test.store, test.store.pool)
            try await Self.raise(test, [Self.alarm("2025-12-01"), Self.alarm("2025-12-02")])
            try await Self.raise(test, [Self.alarm("2025-12-02")], over: .mended)
            try await pool.query("update alert_deliveries set created_at = now() - interval '31 days' where ordinal < 3")
            try await pool.query("update alerts set cleared_recorded_at = now() - interval '366 days' where cleared_at is not null")
            try await store.sweepAlerts(keptFor: nil)
            #expect(try await Self.left(test) == 1)
            let given = try await pool.query("select from alert_deliveries where ended = 'given_up' and error = 'not tried'").count
            #expect(given == 2)
            #expect(try await pool.query("select from alerts").count == 2)
            try await pool.query("update alert_deliveries set ended_at = now() - interval '31 days' where ended_at is not null")
            try await store.sweepAlerts(keptFor: 365 * 86_400)
            #expect(try await pool.query("select from alerts").count == 1)
            #expect(try await pool.query("select from alert_deliveries").count == 1)
        }
    }

    @Test func addressesAreTakenWholeOrNotAtAll() throws {
        for text in ["", "example.org", "ftp://x/", "https://user:pw@x/", "https://x/#part", "https://x/a b", "https://", "https://x/%zz"] {
            #expect(Hook(text) == nil, "\(text)")
        }
        for text in ["https://x", "https://x?key=1", "http://x:8080/a/b?c=%2F", "https://[::1]/a"] { #expect(Hook(text) != nil, "\(text)") }
        #expect("\(try #require(Hook("https://example.org:8443/secret?key=secret")))" == "https://example.org:8443")
        var dumped = ""
        dump(try #require(Hook("https://example.org/hidden?key=hidden")), to: &dumped)
        #expect(!dumped.contains("hidden"))
    }
}
