internal import API
internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import HTTP
internal import Ingest
internal import Postgres
internal import Store

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve answers and work ingestions, until SIGTERM or Ctrl-C.")

    @OptionGroup var common: CommandOptions

    @Option(help: "What this process does: api, worker, scheduler, or several of them, separated by commas.")
    var role = "api,worker,scheduler"

    func run() throws {
        let roles = Set(role.split(separator: ",").map(String.init))
        guard !roles.isEmpty, roles.isSubset(of: ["api", "worker", "scheduler"]) else {
            throw ValidationError("--role: expected api, worker, scheduler, or several of them, separated by commas")
        }
        try common.reportingErrors(isService: true) { settings, log in
            ProcessMemory.prepare()
            try ProcessSignals.prepare()
            Self.refuseCoreDumps()
            let catalogue = try Catalogue(settings)
            let backing = try Backing.start(settings, log: log, withCache: roles.contains("api"))
            defer { backing.stop() }
            let service = try RunningService(settings, catalogue, backing, roles: roles, log: log)
            let signal = Self.awaitEnd { service.reloadTokens(settings.tokens) }
            log.write(.info, "stopping", ["signal": "\(signal)"])
            service.stop()
            log.write(.info, "stopped")
        }
    }
}

extension ServeCommand {
    /// The main thread's life: waits for the end, and looks after the heap meanwhile.
    private static func awaitEnd(reload: () -> Void) -> Int32 {
        var least = Int.max
        while true {
            switch ProcessSignals.wait(milliseconds: 10_000) {
            case SIGHUP?: reload()
            case let signal?: return signal
            case nil:
                guard let resident = ProcessMemory.resident else { continue }
                // Only where there may be something to gain: it has been with less.
                if least == .max || resident > least + 1 << 20 {
                    ProcessMemory.giveBack()
                    least = min(least, ProcessMemory.resident ?? resident)
                }
            }
        }
    }

    /// A core would hold the keys and tokens of this process (setrlimit(2), RLIMIT_CORE).
    fileprivate static func refuseCoreDumps() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}

/// The loops of one `serve`, and their end in order.
final class RunningService {
    private var serving: [(loop: Loop, unit: Local<ServingUnit>)] = []
    private var working: (loop: Loop, unit: Local<WorkingUnit>)?
    private var scheduling: (loop: Loop, unit: Local<SchedulingUnit>)?
    private var watching: (loop: Loop, unit: Local<MetricsUnit>)?
    private let metrics: Metrics
    private let log: Log
    /// Where it listens; nil without the role.
    private(set) var address: Address?
    /// Where it shows its metrics beside; nil for nowhere.
    private(set) var metricsAddress: Address?

    init(_ settings: Settings, _ catalogue: Catalogue, _ backing: Backing, roles: Set<String>, log: Log) throws {
        self.log = log
        metrics = Metrics(log: log)
        // Before anything is claimed: a start that fails must leave no task behind.
        if roles.contains("api") { try Listener.checkFree(.tcp(host: settings.host, port: settings.port)) }
        if let port = settings.metricsPort { try Listener.checkFree(.tcp(host: settings.host, port: port)) }
        let preparing = try Loop(name: "prepare")
        let ready = try Preparation.run(catalogue, settings, backing, rules: true, on: preparing)
        preparing.stop()
        for name in ready.applied { log.write(.info, "migration applied", ["name": name]) }
        try startWatching(settings, catalogue, backing, ready)
        if roles.contains("worker") {
            for (upstream, lack) in catalogue.lacking.sorted(by: { $0.key < $1.key }) {
                // An address that is not given is an upstream that nobody wants; a key that is missing is forgotten.
                let (level, what) = lack.base == nil ? (Log.Level.info, "address") : (.warning, "key")
                log.write(level, "no \(what): nothing will be fetched", ["upstream": upstream, "setting": lack.variable])
            }
            working = try startWorking(settings, catalogue, backing, ready, Observing(log: log, shard: metrics.shard()))
        }
        if roles.contains("scheduler") {
            scheduling = try startScheduling(settings, catalogue, backing, ready, Observing(log: log, shard: metrics.shard()))
        }
        if roles.contains("api") { try startServing(settings, catalogue, backing, ready) }
        log.write(.info, "ready", [
            "address": address.map { "http://\($0)" } ?? "none", "roles": roles.sorted().joined(separator: ","),
            "postgres": backing.postgres.description, "clock": ready.clock.isReal ? "real" : "shown",
            "tokens": settings.tokens.book.isNeeded ? "\(settings.tokens.book.tokens.count)" : "none",
        ])
    }

    private func startWatching(
        _ settings: Settings, _ catalogue: Catalogue, _ backing: Backing, _ ready: Preparation.Ready
    ) throws {
        let loop = try Loop(name: "watch")
        let (postgres, metrics) = (backing.postgres, metrics)
        let address = settings.metricsPort.map { Address.tcp(host: settings.host, port: $0) }
        let (unit, bound) = try loop.runBlocking { loop in
            let unit = try MetricsUnit(
                on: loop, address: address, catalogue: catalogue, settings: settings, postgres: postgres, clock: ready.clock,
                text: { metrics.text($0) })
            metrics.watch([("watching", unit.pool.gauge)], [loop])
            return (loop.keep(unit), unit.address)
        }
        loop.start { loop in await loop[unit].run(on: loop) }
        metricsAddress = bound
        watching = (loop, unit)
    }

    /// What any loop answers `/metrics` with.
    private var metricsText: @Sendable () async -> [UInt8] {
        let metrics = metrics
        guard let (loop, unit) = watching else { preconditionFailure("metrics are asked for before there are any") }
        return {
            let reading = try? await loop.run { loop in await loop[unit].sampler.read() }
            return metrics.text(reading ?? StoreSampler.Reading(sample: nil, ageSeconds: 0, isUp: false))
        }
    }

    private func startWorking(
        _ settings: Settings, _ catalogue: Catalogue, _ backing: Backing, _ ready: Preparation.Ready, _ observing: Observing
    ) throws -> (Loop, Local<WorkingUnit>) {
        let loop = try Loop(name: "work")
        let (postgres, metrics, log) = (backing.postgres, metrics, log)
        let unit = try loop.runBlocking { loop in
            let unit = try WorkingUnit(
                on: loop, catalogue: catalogue, settings: settings, postgres: postgres, clock: ready.clock, observing: observing,
                watching: log)
            metrics.watch([("working", unit.store.pool.gauge)], [loop, unit.decoding])
            return loop.keep(unit)
        }
        loop.start { loop in await loop[unit].run() }
        return (loop, unit)
    }

    private func startScheduling(
        _ settings: Settings, _ catalogue: Catalogue, _ backing: Backing, _ ready: Preparation.Ready, _ observing: Observing
    ) throws -> (Loop, Local<SchedulingUnit>) {
        let loop = try Loop(name: "schedule")
        let (postgres, nudgeWorker, metrics) = (backing.postgres, nudgeWorker, metrics)
        let unit = try loop.runBlocking { loop in
            let unit = try SchedulingUnit(
                on: loop, catalogue: catalogue, settings: settings, postgres: postgres, clock: ready.clock, observing: observing,
                nudgeWorker: nudgeWorker)
            metrics.watch([("scheduling", unit.store.pool.gauge)], [loop])
            return loop.keep(unit)
        }
        loop.start { loop in await loop[unit].run() }
        return (loop, unit)
    }

    /// There may be work for this process's worker, where it has one.
    private var nudgeWorker: @Sendable () -> Void {
        let working = working
        return {
            if let working { working.loop.start { loop in loop[working.unit].worker.nudge() } }
        }
    }

    private func startServing(
        _ settings: Settings, _ catalogue: Catalogue, _ backing: Backing, _ ready: Preparation.Ready
    ) throws {
        let count = max(1, min(8, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let plan = ServingUnit.Plan(
            catalogue: catalogue, settings: settings, postgres: backing.postgres, redis: backing.redis, clock: ready.clock,
            loops: count, rate: settings.clientRate.map { ClientRate($0) }, metrics: metrics, metricsText: metricsText,
            nudgeWorker: nudgeWorker)
        var address = Address.tcp(host: settings.host, port: settings.port)
        for i in 0..<count {
            let loop = try Loop(name: "serve \(i)")
            let observing = Observing(log: log, shard: metrics.shard())
            let wanted = address
            let (unit, bound) = try loop.runBlocking { loop in
                let unit = try ServingUnit(on: loop, address: wanted, plan: plan, observing: observing)
                return (loop.keep(unit), unit.server.address)
            }
            // Port 0: the first loop's choice is everybody's.
            address = bound
            loop.start { loop in await loop[unit].run(on: loop) }
            serving.append((loop, unit))
        }
        self.address = address
    }

    /// Reads the file of tokens again, where there is one. One that cannot be read changes nothing.
    func reloadTokens(_ setting: TokenSetting) {
        guard let file = setting.file else { return }
        do throws(SettingError) {
            let book = try TokenSetting.read(file)
            for (loop, unit) in serving { loop.start { loop in loop[unit].replaceTokens(book) } }
            if let (loop, unit) = watching { loop.start { loop in loop[unit].replaceTokens(book) } }
            log.write(.info, "tokens read again", ["count": "\(book.tokens.count)"])
        } catch {
            log.write(.error, "tokens not read again", ["reason": "\(error)"])
        }
    }

    /// Answers what was asked, puts down what is under way, and ends the threads.
    func stop() {
        if let working { working.loop.start { loop in await loop[working.unit].stop() } }
        if let scheduling { scheduling.loop.start { loop in loop[scheduling.unit].stop(on: loop) } }
        // All loops stop at the same time, and are then waited for one by one.
        for (loop, unit) in serving { loop.start { loop in await loop[unit].stop() } }
        for (loop, unit) in serving {
            try? loop.runBlocking { loop in
                await loop[unit].awaitStop()
                loop.beginClosing()
            }
            loop.stop()
        }
        if let working {
            try? working.loop.runBlocking { loop in
                await loop[working.unit].awaitStop()
                loop.beginClosing()
            }
            working.loop.stop()
        }
        if let scheduling {
            try? scheduling.loop.runBlocking { loop in
                await loop[scheduling.unit].awaitStop()
                loop.beginClosing()
            }
            scheduling.loop.stop()
        }
        // The last: others may still be asked for metrics, and ask here.
        if let (loop, unit) = watching {
            loop.start { loop in await loop[unit].stop() }
            try? loop.runBlocking { loop in
                await loop[unit].awaitStop()
                loop.beginClosing()
            }
            loop.stop()
        }
    }
}
