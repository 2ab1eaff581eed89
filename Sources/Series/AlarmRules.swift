internal import Bytes

/// What became of the requests to one upstream in the last minutes: how many by outcome, `ok` or a class of failure.
package struct UpstreamOutcomes: Sendable, Hashable {
    package let upstream: String
    package let counts: [String: Int]

    package init(upstream: String, counts: [String: Int]) {
        self.upstream = upstream
        self.counts = counts
    }

    package static let ok = "ok"

    package enum Verdict: Sendable, Hashable {
        case failing, well
        /// Too little was asked of it to say: what was so before is taken to be so still.
        case unknown
    }

    package var well: Int { counts[Self.ok] ?? 0 }
    package var failed: Int { counts.reduce(0) { $0 + ($1.key == Self.ok ? 0 : $1.value) } }
    /// The most frequent class of failure.
    package var failure: String? {
        counts.filter { $0.key != Self.ok && $0.value > 0 }.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    package var verdict: Verdict {
        if failed >= 5 && failed > well { return .failing }
        return well > 0 && failed <= well ? .well : .unknown
    }
}

/// How an upstream's quota stands to what is asked of it.
package struct BudgetStanding: Sendable, Hashable {
    package let upstream: String
    package let rate: RequestRate
    /// Of typical days.
    package let steady: Sustainability
    /// Open requests that do not take their time, and in how many seconds the last of them will be answered, nine times in ten; nil
    /// where there are none.
    package let urgentRequests: Int
    package let urgentSeconds: Int64?

    package init(upstream: String, rate: RequestRate, steady: Sustainability, urgentRequests: Int, urgentSeconds: Int64?) {
        self.upstream = upstream
        self.rate = rate
        self.steady = steady
        self.urgentRequests = urgentRequests
        self.urgentSeconds = urgentSeconds
    }

    /// What does not take its time is to be done within these seconds.
    private static let urgentSecondsMax: Int64 = 86_400

    /// Urgent requests that will not be answered within a day, at the pace that is forecast.
    var urgentBeyond: Int {
        guard let urgentSeconds, urgentSeconds > Self.urgentSecondsMax else { return 0 }
        return max(1, urgentRequests - Int(Double(urgentRequests) * Double(Self.urgentSecondsMax) / Double(urgentSeconds)))
    }
}

/// Facts to alarms: one for each cause. Pure.
package enum AlarmRules {
    package static func alarms(_ lacks: Lacks, of dataset: Dataset) -> [Alarm] {
        lacks.days.map { incompleteDay($0, lacks, dataset) } + lacks.channels.map { lateSlots($0, dataset) }
    }

    private static func incompleteDay(_ day: Lacks.Day, _ lacks: Lacks, _ dataset: Dataset) -> Alarm {
        let isLost = day.counts.unobtainable == day.counts.lacking
        let unit = unit(of: dataset)
        var message = "\(dataset.name) \(day.date): \(day.series) of \(lacks.seriesCount) series lack \(day.counts.lacking) \(unit)"
        if let worst = day.worst.first { message += "; \(worst.key) has \(worst.present) of \(worst.slots)" }
        message += isLost ? "; none of them can be had any more" : ""
        let details = object { json in
            json.member("slots_a_series", day.slotsASeries)
            json.member("series", lacks.seriesCount)
            json.member("series_lacking", day.series)
            json.member("slots_lacking", day.counts.lacking)
            json.member("absent", day.counts.absent)
            json.member("unobtainable", day.counts.unobtainable)
            json.key("worst")
            json.beginArray()
            for one in day.worst {
                json.beginObject()
                for (name, value) in zip(dataset.keys, one.key.values) { json.member(name, value) }
                json.member("present", one.present)
                json.member("slots", one.slots)
                json.endObject()
            }
            json.endArray()
        }
        return Alarm(
            .init(.incompleteDay, scope: dataset.name, key: day.date.description), isLost ? .info : .warning, message: message,
            count: day.counts.lacking, subject: object { $0.member("date", day.date.description) }, details: details)
    }

    private static func lateSlots(_ channel: Lacks.Channel, _ dataset: Dataset) -> Alarm {
        let since = Timestamp.text(channel.since, offset: dataset.zone.offset(at: channel.since))
        let name = channel.name.isEmpty ? "" : " \(channel.name)"
        return Alarm(
            .init(.lateSlot, scope: dataset.name, key: channel.name), .warning,
            message: "\(dataset.name)\(name): \(channel.series) series lack \(channel.lacking) \(unit(of: dataset)) past their objective, "
                + "the oldest due at \(since)",
            count: channel.lacking, subject: object { $0.member("channel", channel.name) },
            details: object { json in
                json.member("series_lacking", channel.series)
                json.member("slots_lacking", channel.lacking)
                json.member("since", since)
            })
    }

    /// nil where the upstream is not known to fail.
    package static func alarm(_ outcomes: UpstreamOutcomes) -> Alarm? {
        guard outcomes.verdict == .failing, let failure = outcomes.failure else { return nil }
        let all = outcomes.failed + outcomes.well
        return Alarm(
            .init(.failingUpstream, scope: outcomes.upstream), .critical,
            message: "\(outcomes.upstream): \(outcomes.failed) of the last \(all) requests failed, most of them so: \(words(failure))",
            count: outcomes.failed, subject: object { $0.member("upstream", outcomes.upstream) },
            details: object { json in
                json.member("failed", outcomes.failed)
                json.member("requests", all)
                json.member("failure", failure)
                json.key("outcomes")
                json.beginObject()
                for (outcome, count) in outcomes.counts.sorted(by: { $0.key < $1.key }) { json.member(outcome, count) }
                json.endObject()
            })
    }

    /// nil where the quota holds what is asked.
    package static func alarm(_ standing: BudgetStanding) -> Alarm? {
        let steady = standing.steady
        let beyond = standing.urgentBeyond
        if steady.isSustainable, beyond == 0 { return nil }
        var parts: [String] = []
        if !steady.isSustainable { parts.append("schedules need " + (steady.wouldNeed ?? "more than the quota of \(standing.rate)")) }
        if beyond > 0, let seconds = standing.urgentSeconds {
            parts.append("\(standing.urgentRequests) requests that do not take their time are likely to take \((seconds + 3599) / 3600) h "
                + "by the quota of \(standing.rate)")
        }
        let short = Int(steady.shortPerDay.rounded(.up))
        return Alarm(
            .init(.budgetShort, scope: standing.upstream), .warning, message: "\(standing.upstream): " + parts.joined(separator: "; "),
            count: steady.isSustainable ? beyond : short, subject: object { $0.member("upstream", standing.upstream) },
            details: object { json in
                json.member("requests_per_day", Int(steady.requestsPerDay.rounded(.up)))
                json.member("capacity_per_day", Int(steady.capacityPerDay))
                json.member("urgent_requests", standing.urgentRequests)
                json.member("quota", standing.rate.count)
                json.member("window_seconds", standing.rate.seconds)
            })
    }

    /// Of the latest scores of a dataset's series; nil where none is below the gate.
    package static func alarm(_ scores: [(key: SeriesKey, score: Double)], of dataset: Dataset) -> Alarm? {
        guard let gate = dataset.quality?.gate else { return nil }
        let below = scores.filter { $0.score < gate }
        guard let lowest = below.min(by: { ($0.score, $0.key) < ($1.score, $1.key) }) else { return nil }
        return Alarm(
            .init(.quality, scope: dataset.name), .warning,
            message: "\(dataset.name): the last records of \(below.count) of \(scores.count) series scored below the gate of \(gate), "
                + "the lowest \(lowest.score) (\(lowest.key))",
            count: below.count, subject: object { $0.member("dataset", dataset.name) },
            details: object { json in
                json.member("series_below", below.count)
                json.member("series", scores.count)
                for (name, number) in [("gate", gate), ("lowest", lowest.score)] {
                    json.key(name)
                    json.double(number)
                }
                json.key("lowest_series")
                json.beginObject()
                for (name, value) in zip(dataset.keys, lowest.key.values) { json.member(name, value) }
                json.endObject()
            })
    }

    private static func unit(of dataset: Dataset) -> String {
        if case .alike(let calendar) = dataset.calendars, case .every(3600, _) = calendar.ruler { "hours" } else { "slots" }
    }

    /// A class of failure (`FailureClass.word`) in a few words for people.
    private static func words(_ failure: String) -> String {
        switch failure {
        case "transport": "no connection, or it broke"
        case "timeout": "no answer in time"
        case "throttled": "refused for the quota's sake (429)"
        case "server": "an error of the upstream's own (5xx)"
        case "refused": "the credentials or the certificate were not accepted"
        case "bad_request": "the request was not accepted (4xx)"
        case "malformed": "the answer was not what the upstream promises"
        case "too_large": "the answer was longer than allowed"
        default: failure
        }
    }

    private static func object(_ members: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        json.beginObject()
        members(&json)
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

extension FailureClass {
    /// One word, for programs: `timeout`.
    package var word: String {
        switch self {
        case .transport: "transport"
        case .timeout: "timeout"
        case .throttled: "throttled"
        case .server: "server"
        case .refused, .forbidden: "refused"
        case .badRequest: "bad_request"
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .incomplete: "incomplete"
        case .filterIgnored: "filter_ignored"
        }
    }
}
