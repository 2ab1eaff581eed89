internal import EventLoop
internal import Postgres

/// The families of the process itself, by the names that Prometheus's own clients give them.
extension MetricsText {
    mutating func process() {
        let figures = ProcessFigures.now()
        family("process_cpu_seconds_total", "counter", "Processor time, user and system.")
        sample(figures.cpuSeconds)
        family("process_resident_memory_bytes", "gauge", "Memory that is resident.")
        if let resident = ProcessMemory.resident { sample(resident) }
        family("process_resident_memory_peak_bytes", "gauge", "The most memory that the process has had resident.")
        sample(ProcessMemory.peak)
        family("process_open_fds", "gauge", "Descriptors that are open.")
        sample(figures.openDescriptors)
        family("process_max_fds", "gauge", "Descriptors that may be open.")
        sample(figures.maxDescriptors)
        family("process_threads", "gauge", "Threads.")
        sample(figures.threads)
        family("process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.")
        sample(figures.startedAt)
        family("gapless_build_info", "gauge", "Always 1; the labels say which build it is.")
        sample([("version", Version.number)], 1)
    }

    /// Pools of one name on several loops are told as one.
    mutating func pools(_ pools: [(name: String, gauge: PoolGauge)]) {
        let names = Set(pools.map(\.name)).sorted()
        func sums(_ value: (PoolGauge) -> Int) -> [(String, Int)] {
            names.map { name in (name, pools.reduce(0) { $0 + ($1.name == name ? value($1.gauge) : 0) }) }
        }
        family("gapless_pool_connections_max", "gauge", "Connections with Postgres that the pools may have.")
        for (name, count) in sums(\.size) { sample([("pool", name)], count) }
        family("gapless_pool_connections_in_use", "gauge", "Of these, those that are lent or being made.")
        for (name, count) in sums(\.inUse) { sample([("pool", name)], count) }
        family("gapless_pool_waiting", "gauge", "Callers that wait for a connection.")
        for (name, count) in sums(\.waiting) { sample([("pool", name)], count) }
    }

    mutating func loops(_ loops: [(name: String, load: LoopLoad)]) {
        family("gapless_loop_turn_seconds", "histogram", "Turns of a loop: how long what is ready waits at most before it is looked at.")
        for (name, load) in loops {
            let (counts, seconds) = load.snapshot
            histogram(
                Self.pairs([("loop", name)]), bounds: LoopLoad.bounds.map { Double($0) / 1e9 }, counts: counts, sum: seconds)
        }
    }
}
