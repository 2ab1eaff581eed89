import Bytes
import Testing
import TestSupport

@testable import Series

/// What lacks past its objective, against a count slot by slot.
@Suite("Alarms: what lacks")
struct LacksTests {
    private static let lags = ["fast": 2 * 3600, "slow": 3 * 86_400]

    private static func dataset(_ zone: Zone, parts: Int, sessions: SlotSet? = nil) -> Dataset {
        let calendar: Calendar =
            if let sessions {
                Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: parts, existing: .sessions(sessions))
            } else {
                Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: parts)
            }
        let followed = (0..<6).map { SeriesKey(["n\($0)", $0 % 2 == 0 ? "fast" : "slow"]) }
        return Dataset(
            name: "hours", title: "Hours", keys: ["name", "channel"], unit: "1", zone: zone, calendars: .alike(calendar),
            dueLag: { lags[$0.values[1]]! }, horizonDays: 6, shapes: [], periods: .days(zone),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [], followed: followed,
            channel: { $0.values[1] },
            reach: { key, now in
                key.values[0] == "n5" ? Reach(from: now - 4 * 86_400 - 1800, reason: "before", action: "none") : nil
            })
    }

    /// The definition, slot by slot.
    private struct Slow {
        var days: [String: (lacking: Int, unobtainable: Int, absent: Int, series: Int, most: Int)] = [:]
        var channels: [String: (lacking: Int, series: Int, since: Int64)] = [:]

        init(_ dataset: Dataset, _ ledgers: [Ledger], _ lasting: [Lacks.Lasting], now: Int64, grace: Int) {
            let calendar = dataset.calendar(of: ledgers[0].key)
            let ruler = calendar.ruler
            let today = dataset.zone.day(at: now)
            for (ledger, lasting) in zip(ledgers, lasting) {
                let reach = dataset.reach(ledger.key, now)?.from ?? .min
                var late: [Int] = []
                for back in stride(from: dataset.horizonDays, through: 0, by: -1) {
                    let date = today.advanced(by: -back)
                    let hours = ruler.slots(from: dataset.zone.start(of: date), to: dataset.zone.start(of: date.advanced(by: 1)))
                    let isOverdue = { (slot: Int) in
                        ruler.end(of: slot) + Int64(dataset.dueLag(ledger.key)) + Int64(grace) <= now
                    }
                    let isOver = hours.allSatisfy(isOverdue)
                    let lacking = hours.filter { slot in
                        let isHeld = (0..<calendar.parts).allSatisfy { ledger.held.contains(slot * calendar.parts + $0) }
                        return isOverdue(slot) && !isHeld && !ledger.excluded.contains(slot) && !lasting.empty.contains(slot)
                            && !calendar.expected(in: slot..<slot + 1).isEmpty && (ledger.lifetime?.contains(slot) ?? true)
                    }
                    let isLost = { (slot: Int) in lasting.lost.contains(slot) || ruler.start(of: slot) < reach }
                    if isOver, !lacking.isEmpty {
                        var day = days[date.description] ?? (0, 0, 0, 0, 0)
                        day.lacking += lacking.count
                        day.unobtainable += lacking.filter(isLost).count
                        day.absent += lacking.filter(ledger.absent.contains).count
                        day.series += 1
                        day.most = max(day.most, lacking.count)
                        days[date.description] = day
                    } else if !isOver {
                        late += lacking.filter { !isLost($0) }
                    }
                }
                guard let first = late.first else { continue }
                let due = ruler.end(of: first) + Int64(dataset.dueLag(ledger.key))
                var channel = channels[dataset.channel(ledger.key)] ?? (0, 0, due)
                channel.lacking += late.count
                channel.series += 1
                channel.since = min(channel.since, due)
                channels[dataset.channel(ledger.key)] = channel
            }
        }
    }

    /// Around the days of 23 and of 25 hours of Chile, where the clocks change at midnight, and of a zone half an hour off.
    @Test(arguments: [31, 32, 33, 34] as [UInt64])
    func itIsTheCountOfEachSlot(_ seed: UInt64) throws {
        var random = Seeded(seed)
        let santiago = try Zone.load("America/Santiago")
        // 2025-04-05 (25 hours) and 2025-09-07 (23 hours).
        let nights: [Int64] = [1_743_908_400, 1_757_217_600]
        for round in 0..<60 {
            let zone = round % 5 == 4 ? Zone(name: "half", offset: 1800) : santiago
            let now = nights[round % 2] + Int64(random.below(9 * 86_400)) - 2 * 86_400
            let slots = Int(now / 3600) - 9 * 24..<Int(now / 3600) + 30
            let parts = [1, 4][random.below(2)]
            let sessions = random.below(3) == 0 ? SlotSet(ranges: random.ranges(12, in: slots, longest: 60)) : nil
            let dataset = Self.dataset(zone, parts: parts, sessions: sessions)
            let partSlots = slots.lowerBound * parts..<slots.upperBound * parts
            let ledgers = dataset.followed.map { key in
                Ledger(
                    key: key, lifetime: random.below(4) == 0 ? slots.lowerBound + random.below(200)..<slots.upperBound : nil,
                    held: SlotSet(ranges: random.ranges(14, in: partSlots, longest: 80 * parts)),
                    absent: SlotSet(ranges: random.ranges(6, in: slots, longest: 8)),
                    excluded: SlotSet(ranges: random.ranges(4, in: slots, longest: 12)))
            }
            let lasting = ledgers.map { ledger in
                let known = ledger.absent.intersection(SlotSet(ranges: random.ranges(6, in: slots, longest: 40)))
                let empty = known.intersection(SlotSet(ranges: random.ranges(12, in: slots, longest: 20)))
                return Lacks.Lasting(empty: empty, lost: known.subtracting(empty))
            }
            let grace = [0, 3600, 90_000][random.below(3)]
            let slow = Slow(dataset, ledgers, lasting, now: now, grace: grace)
            let lacks = Lacks(of: dataset, ledgers, lasting: { lasting[$0] }, now: now, graceSeconds: grace)
            #expect(lacks.days.map(\.date.description) == slow.days.keys.sorted(), "round \(round)")
            for day in lacks.days {
                let expected = try #require(slow.days[day.date.description])
                let found = (
                    day.counts.lacking, day.counts.unobtainable, day.counts.absent, day.series, day.worst.first?.lacking ?? 0
                )
                #expect(found == expected, "round \(round), \(day.date)")
                #expect(day.worst.map(\.lacking) == day.worst.map(\.lacking).sorted(by: >) && day.worst.allSatisfy { $0.present >= 0 })
            }
            #expect(lacks.channels.map(\.name) == slow.channels.keys.sorted(), "round \(round)")
            for channel in lacks.channels {
                let expected = try #require(slow.channels[channel.name])
                #expect((channel.lacking, channel.series, channel.since) == expected, "round \(round), \(channel.name)")
            }
        }
    }

    @Test func aDayIsJudgedByItsOwnHours() throws {
        let santiago = try Zone.load("America/Santiago")
        let dataset = Self.dataset(santiago, parts: 1)
        let key = dataset.followed[0]
        for (date, hours) in [("2025-04-05", 25), ("2025-04-07", 24), ("2025-09-07", 23)] {
            let span = santiago.range(of: try #require(LocalDate(date)))
            let slots = dataset.calendar(of: key).ruler.slots(from: span.lowerBound, to: span.upperBound)
            let all = slots.lowerBound - 240..<slots.upperBound + 48
            let now = span.upperBound + 30 * 3600
            let ledger = Ledger(key: key, held: SlotSet(all))
            let whole = Lacks(of: dataset, [ledger], lasting: { _ in Lacks.Lasting() }, now: now, graceSeconds: 0)
            #expect(whole.days.isEmpty && whole.channels.isEmpty)
            var held = SlotSet(all)
            held.remove(slots.lowerBound + 3..<slots.lowerBound + 5)
            let lacks = Lacks(of: dataset, [Ledger(key: key, held: held)], lasting: { _ in Lacks.Lasting() }, now: now, graceSeconds: 0)
            #expect(lacks.days.map(\.date.description) == [date] && lacks.days[0].slotsASeries == hours)
            #expect(lacks.days[0].worst == [Lacks.SeriesDay(key: key, slots: hours, lacking: 2)])
            let alarm = try #require(AlarmRules.alarms(lacks, of: dataset).first)
            #expect(alarm.cause == .init(.incompleteDay, scope: "hours", key: date) && alarm.severity == .warning && alarm.count == 2)
            #expect(alarm.message == "hours \(date): 1 of 1 series lack 2 hours; n0/fast has \(hours - 2) of \(hours)")
        }
    }

    @Test func whatCannotBeHadIsToldWithoutAlarm() throws {
        let dataset = Self.dataset(.utc, parts: 1)
        let now: Int64 = 100 * 86_400
        let lost = SlotSet(98 * 24 + 5..<98 * 24 + 6)
        let ledger = Ledger(key: dataset.followed[0], held: SlotSet(0..<100 * 24).subtracting(lost), absent: lost)
        func lacks(_ lasting: Lacks.Lasting) -> Lacks { Lacks(of: dataset, [ledger], lasting: { _ in lasting }, now: now, graceSeconds: 0) }
        let known = AlarmRules.alarms(lacks(Lacks.Lasting(lost: lost)), of: dataset)
        #expect(known.map(\.severity) == [.info] && known[0].message.hasSuffix("none of them can be had any more"))
        let open = AlarmRules.alarms(lacks(Lacks.Lasting()), of: dataset)
        #expect(open.map(\.severity) == [.warning] && open[0].cause == known[0].cause)
        let empty = lacks(Lacks.Lasting(empty: lost))
        #expect(empty.days.isEmpty && empty.channels.isEmpty)
    }

    @Test func anUpstreamFailsWhereMostOfItsAnswersDo() {
        func verdict(_ well: Int, _ failed: Int) -> UpstreamOutcomes.Verdict {
            UpstreamOutcomes(upstream: "u", counts: ["ok": well, "timeout": failed / 2, "server": failed - failed / 2]).verdict
        }
        #expect(verdict(4, 5) == .failing && verdict(0, 5) == .failing && verdict(400, 401) == .failing)
        #expect(verdict(5, 5) == .well && verdict(1, 0) == .well && verdict(1, 1) == .well)
        #expect(verdict(0, 4) == .unknown && verdict(0, 0) == .unknown && verdict(1, 4) == .unknown)
        let alarm = AlarmRules.alarm(UpstreamOutcomes(upstream: "u", counts: ["ok": 1, "timeout": 2, "server": 7]))
        #expect(alarm?.message == "u: 9 of the last 10 requests failed, most of them so: an error of the upstream's own (5xx)")
        #expect(alarm?.count == 9 && alarm?.severity == .critical)
    }

    @Test func aBudgetIsShortByTheDayOrByWhatIsOpen() {
        let rate = RequestRate(count: 350, seconds: 3600)
        func alarm(_ perDay: Double, urgent: Int = 0, seconds: Int64? = nil) -> Alarm? {
            AlarmRules.alarm(BudgetStanding(
                upstream: "u", rate: rate, steady: Forecast.sustainability(of: SteadyDemand(requestsPerDay: perDay), rate: rate),
                urgentRequests: urgent, urgentSeconds: seconds))
        }
        #expect(alarm(8400) == nil && alarm(8400, urgent: 9000, seconds: 86_400) == nil)
        #expect(alarm(8401)?.count == 1)
        #expect(alarm(8401)?.message.hasPrefix("u: schedules need a quota of 351/PT3600S instead of 350") == true)
        #expect(alarm(0, urgent: 10_000, seconds: 100_000)?.count == 1360)
        #expect(alarm(0, urgent: 2, seconds: 86_401)?.message == "u: 2 requests that do not take their time are likely to take 25 h "
            + "by the quota of \(rate)")
    }
}
