internal import API
internal import ArgumentParser
internal import Bytes
internal import Series
internal import Store

/// Jobs for people and for machines, and the exit code that one's end has.
enum JobText {
    static func table(_ jobs: [StoredIngestion]) -> TextTable {
        var table = TextTable([
            .init(title: "id"), .init(title: "status"), .init(title: "dataset", spare: 4), .init(title: "slots", side: .right, spare: 1),
            .init(title: "requests", side: .right, spare: 3), .init(title: "created", spare: 2), .init(title: "by", spare: 5),
        ])
        for job in jobs {
            let figures = ProgressFigures(job)
            table.add([
                job.id, job.status.rawValue, job.dataset, "\(figures.slots.done)/\(figures.slots.total)",
                "\(figures.requests.done)/\(figures.requests.total)", minute(job.createdAt), job.requestedBy,
            ])
        }
        return table
    }

    static func lines(_ job: StoredIngestion, resume: String?) -> [String] {
        let (figures, sums) = (ProgressFigures(job), job.sums)
        var facts = [
            ("id", job.id), ("dataset", job.dataset), ("status", job.status.rawValue), ("lane", job.lane.rawValue),
            ("selection", job.selection), ("calls", "\(figures.calls.done) of \(figures.calls.total), \(sums.failed) failed"),
            ("requests", "\(figures.requests.done) of \(figures.requests.total), \(sums.retries) asked again"),
            ("slots", "\(figures.slots.done) of \(figures.slots.total) settled; \(sums.filled) filled, \(sums.absent) absent"),
            ("records", "\(sums.received) received, \(sums.dropped) not asked for"),
            ("rows", "\(sums.written) written, \(sums.revised) revised, \(sums.unchanged) unchanged, \(sums.quarantined) quarantined"),
            ("requested by", job.requestedBy), ("created", Timestamp.text(job.createdAt)),
        ]
        if let quality = job.quality { facts.insert(("quality", Self.words(quality)), at: facts.count - 2) }
        if let taken = performance(job.performance) { facts.append(("performance", taken)) }
        if let started = job.startedAt { facts.append(("started", Timestamp.text(started))) }
        if let finished = job.finishedAt { facts.append(("finished", Timestamp.text(finished))) }
        if let error = job.error { facts.append(("error", error)) }
        if let resume { facts.append(("to resume", resume)) }
        return facts.map { ShownText.padded($0.0, to: 12) + "  " + ShownText.safe($0.1) }
    }

    static func words(_ quality: IngestionQuality) -> String {
        "\(quality.belowGate) of \(quality.series) series below the gate of \(quality.gate), the lowest score \(quality.lowest) "
            + "(\(quality.lowestSeries))"
    }

    /// nil where nothing was measured.
    private static func performance(_ taken: IngestionPerformance) -> String? {
        func seconds(_ value: Double?) -> String? { value.map { "\(($0 * 1000).rounded() / 1000) s" } }
        func part(_ name: String, _ mean: Double?, _ most: Double? = nil) -> String? {
            seconds(mean).map { "\(name) \($0)" + (seconds(most).map { ", \($0) at most" } ?? "") }
        }
        let parts = [
            seconds(taken.seconds).map { "worked \($0)" }, part("a call", taken.callSecondsMean, taken.callSecondsMax),
            part("a request", taken.requestSecondsMean, taken.requestSecondsMax), part("storing a call", taken.storeSecondsMean),
            taken.memoryPeakBytes.map { "memory \($0 >> 20) MB at most" },
            taken.rowsPerSecond.map { "\(($0 * 10).rounded() / 10) rows a second" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// What a job came to, in one line.
    static func summary(_ job: StoredIngestion) -> String {
        let sums = job.sums
        return "\(job.status.rawValue): \(sums.filled) slots filled, \(sums.written) rows written, \(sums.revised) revised, "
            + "\(sums.unchanged) unchanged, \(sums.received) records received, \(sums.dropped) not asked for, "
            + "\(sums.requests) requests (lower bound \(job.lowerBoundRequests))"
            + (job.error.map { "; \(ShownText.safe($0))" } ?? "")
    }

    /// As the API has it.
    static func json(_ job: StoredIngestion) -> String {
        String(decoding: IngestionDocument.json(job), as: UTF8.self)
    }

    /// nil: it is complete.
    static func exitCode(_ job: StoredIngestion) -> ExitCode? {
        switch job.status {
        case .completed: nil
        case .partial: ExitCode(3)
        case .failed: ExitCode(1)
        case .pending, .running, .paused, .cancelled: ExitCode(Interrupts.exitCode)
        }
    }

    /// Real time, UTC, to the minute: `2025-12-15 12:00Z`.
    static func minute(_ instant: Int64) -> String {
        let text = Timestamp.text(instant)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))Z"
    }
}
