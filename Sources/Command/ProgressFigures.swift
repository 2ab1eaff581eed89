internal import Bytes
internal import EventLoop
internal import Series
internal import Store

/// How far a job is, in words of one line. Pure: what is known and how many columns there are in, text out.
struct ProgressFigures: Equatable {
    let id: String
    let status: String
    let isOver: Bool
    let calls: Part
    let slots: Part
    let requests: Part
    /// nil where nothing can be said yet.
    var secondsLeft: Double?

    struct Part: Equatable {
        let done: Int
        let total: Int

        /// Retries may spend more than was planned: then what was spent is the whole.
        init(_ done: Int, of total: Int) {
            self.done = done
            self.total = max(done, total)
        }
    }

    /// Of 1; requests are what takes time. Never 1 before it is over.
    var fraction: Double {
        let part = requests.total > 0 ? requests : slots
        guard part.total > 0 else { return isOver ? 1 : 0 }
        let fraction = Double(part.done) / Double(part.total)
        return isOver ? fraction : min(fraction, 0.999)
    }

    /// A plain line.
    var line: String {
        "\(status): calls \(calls.done)/\(calls.total), requests \(requests.done)/\(requests.total), "
            + "slots \(slots.done)/\(slots.total)\(secondsLeft.map { ", ETA \(Self.duration($0))" } ?? "")"
    }

    /// At most `width` columns: the bar takes what the figures leave; what does not fit is left out.
    func bar(width: Int) -> String {
        let percent = "\(Int((fraction * 100).rounded(.down))) %"
        let slots = "slots \(slots.done)/\(slots.total)"
        let requests = "requests \(requests.done)/\(requests.total)"
        let end = status == "running" ? "ETA \(secondsLeft.map(Self.duration) ?? "?")" : status
        let choices: [(barLeast: Int, texts: [String])] = [
            (10, [percent, slots, requests, end]), (0, [percent, slots, requests, end]), (10, [percent, slots, end]),
            (0, [percent, slots, end]), (0, [percent, end]),
        ]
        for (least, texts) in choices {
            let text = texts.joined(separator: "  ")
            let left = width - text.count
            if least == 0, left >= 0 { return text }
            if least > 0, left >= least + 2 { return drawn(columns: min(left - 2, 42)) + "  " + text }
        }
        return String(percent.prefix(max(0, width)))
    }

    private func drawn(columns: Int) -> String {
        let inside = columns - 2
        let full = Int((Double(inside) * fraction).rounded(.down))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: inside - full) + "]"
    }

    /// One object in the manner of the log's lines, so that who reads the one can read the other.
    func json(at now: Int64) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.key("time")
        json.timestamp(now)
        for (name, text) in [("level", "info"), ("event", "progress"), ("id", id), ("status", status)] {
            json.key(name)
            json.string(text)
        }
        for (name, part) in [("calls", calls), ("slots", slots), ("requests", requests)] {
            json.key(name)
            json.beginObject()
            json.key("done")
            json.int(part.done)
            json.key("total")
            json.int(part.total)
            json.endObject()
        }
        json.key("seconds_left")
        if let secondsLeft { json.int(Int(secondsLeft.rounded(.up))) } else { json.null() }
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// `45s`, `3m20s`, `2h05m`, `3d04h`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(min(max(0, seconds.rounded(.up)), 1e9))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        switch whole {
        case ..<60: return "\(whole)s"
        case ..<3600: return "\(whole / 60)m\(two(whole % 60))s"
        case ..<86_400: return "\(whole / 3600)h\(two(whole / 60 % 60))m"
        default: return "\(whole / 86_400)d\(two(whole / 3600 % 24))h"
        }
    }
}

extension ProgressFigures {
    init(_ job: StoredIngestion) {
        let sums = job.sums
        self.init(
            id: job.id, status: job.status.rawValue, isOver: job.status.isOver, calls: Part(sums.tasks - sums.open, of: sums.tasks),
            slots: Part(sums.slotsSettled, of: sums.slotsPlanned), requests: Part(sums.requests, of: sums.requestsExpected))
    }
}

/// The pace of a job since it was first looked at here: a job that was paused for a night is not taken for a slow one.
struct Pace {
    private var first: (done: Int, at: Deadline)?

    /// Seconds until the rest is done; nil before anything has been.
    mutating func secondsLeft(done: Int, total: Int, now: Deadline) -> Double? {
        guard let first, done >= first.done else {
            first = (done, now)
            return nil
        }
        if done == first.done { return nil }
        let passed = Double(now.nanoseconds - first.at.nanoseconds) / 1e9
        return passed * Double(max(0, total - done)) / Double(done - first.done)
    }
}
