internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Series
internal import Store

/// Follows one job to its end, and works it meanwhile where asked to. Ctrl-C is held: what it leads to is the caller's.
struct JobRun {
    let attached: AttachedStore
    let log: Log
    let json: Bool

    enum End {
        /// It has ended, or somebody paused it.
        case settled(StoredIngestion)
        /// A signal came; with the job as it was last seen.
        case interrupted(StoredIngestion?)
    }

    /// `works`: beside other workers; else it is only looked at.
    func follow(_ id: String, works: Bool) throws -> End {
        attached.interrupts.hold()
        defer { attached.interrupts.release() }
        let follower = try JobFollower(id, in: attached.backing.postgres)
        defer { follower.stop() }
        guard works else { return watch(follower) }
        let loop = try Loop(name: "work")
        let observing = Observing(log: log, shard: MetricsShard())
        let (catalogue, settings) = (attached.catalogue, attached.settings)
        let (postgres, clock) = (attached.backing.postgres, attached.ready.clock)
        let unit = try loop.runBlocking { loop in
            loop.keep(
                try WorkingUnit(
                    on: loop, catalogue: catalogue, settings: settings, postgres: postgres, clock: clock, observing: observing))
        }
        loop.start { loop in await loop[unit].run() }
        defer {
            try? loop.runBlocking { loop in
                await loop[unit].stop()
                loop.beginClosing()
            }
            loop.stop()
        }
        let end = watch(follower)
        if case .interrupted = end { complain("interrupted, putting down what is under way; Ctrl-C again ends at once") }
        return end
    }

    private func watch(_ follower: JobFollower) -> End {
        var display = ProgressDisplay(json: json)
        defer { display.wipe() }
        while !attached.interrupts.hasCome {
            if let job = follower.job {
                if job.status.isOver || job.status == .paused { return .settled(job) }
                display.show(job)
            }
            usleep(50_000)
        }
        // The terminal has shown ^C: what follows begins on a line of its own.
        display.wipe()
        if Terminal.isTerminal(Terminal.errors) { Terminal.write([10], to: Terminal.errors) }
        return .interrupted(follower.job)
    }

    /// Says what the job came to, and throws the exit code of that.
    func report(_ job: StoredIngestion) throws {
        let job = try JobMove.scored([job], attached)[0]
        if !json, let quality = job.quality, quality.belowGate > 0 {
            say("\(JobText.words(quality)): gapless quality \(job.dataset) --ingestion \(job.id)")
        }
        say(json ? JobText.json(job) : JobText.summary(job))
        if let code = JobText.exitCode(job) { throw code }
    }
}
