internal import Bytes
internal import EventLoop
internal import HTTP
internal import Ingest
internal import Postgres
internal import Synchronization

/// Counts of one loop, added to by its events and read by whichever loop answers `/metrics`. One for each loop, so that
/// the lock is never contended on the way of a request.
final class MetricsShard: Sendable {
    struct Histogram {
        static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
        /// Of what may go on for hours.
        static let longBounds = [0.001, 0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400]
        let bounds: [Double]
        var counts: [Int]
        var sum = 0.0

        init(bounds: [Double] = Histogram.bounds) {
            self.bounds = bounds
            counts = [Int](repeating: 0, count: bounds.count + 1)
        }

        mutating func add(_ seconds: Double) {
            counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
            sum += seconds
        }

        /// With the same bounds.
        mutating func add(_ other: Histogram) {
            for i in counts.indices { counts[i] += other.counts[i] }
            sum += other.sum
        }
    }

    /// What was answered of one route. A route has few kinds of answers, so they are looked for one by one.
    struct RouteCounts {
        let pattern: String
        var bytes = 0
        var times = Histogram()
        var answers: [(method: Method, status: Int, count: Int)] = []

        mutating func add(_ exchange: Exchange) {
            bytes += exchange.bytes
            times.add(Double(exchange.duration) / 1e9)
            for i in answers.indices where answers[i].status == exchange.status && answers[i].method == exchange.method {
                answers[i].count += 1
                return
            }
            answers.append((exchange.method, exchange.status, 1))
        }
    }

    struct Counts {
        var counters: [String: Int] = [:]
        var histograms: [String: Histogram] = [:]
        /// The most that was seen.
        var peaks: [String: Int] = [:]
        /// By the route's number, so that counting a request makes and hashes no text; those of no route come first.
        var routes: [RouteCounts?] = []
        /// Answers of this process's memory: the one event that nearly every request has.
        var hot = 0
    }

    private let counts = Mutex(Counts())

    func count(_ series: String, by amount: Int = 1) { counts.withLock { $0.counters[series, default: 0] += amount } }

    /// One series has the same bounds always.
    func time(_ series: String, _ seconds: Double, bounds: [Double] = Histogram.bounds) {
        counts.withLock { $0.histograms[series, default: Histogram(bounds: bounds)].add(seconds) }
    }

    func peak(_ series: String, _ value: Int) { counts.withLock { $0.peaks[series] = max($0.peaks[series] ?? value, value) } }

    func count(_ exchange: Exchange) {
        let place = exchange.request?.route.map { $0.number + 1 } ?? 0
        counts.withLock {
            while $0.routes.count <= place { $0.routes.append(nil) }
            if $0.routes[place] == nil { $0.routes[place] = RouteCounts(pattern: exchange.route) }
            $0.routes[place]?.add(exchange)
        }
    }

    func countHot() { counts.withLock { $0.hot += 1 } }

    var snapshot: Counts { counts.withLock { $0 } }
}

/// The process's metrics in Prometheus's text form (prometheus.io/docs/instrumenting/exposition_formats).
final class Metrics: Sendable {
    private let shards = Mutex<[MetricsShard]>([])
    private let watched = Mutex<(pools: [(name: String, gauge: PoolGauge)], loops: [(name: String, load: LoopLoad)])>(([], []))
    private let log: Log

    init(log: Log) { self.log = log }

    func shard() -> MetricsShard {
        let shard = MetricsShard()
        shards.withLock { $0.append(shard) }
        return shard
    }

    private static let help: [(name: String, type: String, help: String)] = [
        ("gapless_http_requests_total", "counter", "Answers by method, route and status."),
        ("gapless_http_response_bytes_total", "counter", "Bytes of answers sent."),
        ("gapless_http_request_seconds", "histogram", "Time from a request's head to its answer's being handed over, by route."),
        ("gapless_upstream_requests_total", "counter", "Requests to upstreams by outcome (a status, or a class of failure)."),
        ("gapless_upstream_request_seconds", "histogram", "Time of a request to an upstream."),
        ("gapless_upstream_bytes_total", "counter", "Bytes received from upstreams."),
        ("gapless_budget_waits_total", "counter", "Times that a request had to wait for its upstream's budget."),
        ("gapless_tasks_total", "counter", "Tasks by how they ended."),
        ("gapless_rows_written_total", "counter", "Rows inserted or changed."),
        ("gapless_leases_lost_total", "counter", "Tasks that another worker had taken over."),
        ("gapless_store_failures_total", "counter", "Times that the worker found the store away."),
        ("gapless_ingestions_total", "counter", "Ingestions by how they ended."),
        (
            "gapless_operation_seconds", "histogram",
            "Time of fetches, decodes, stores, calls, plans and ingestions, by dataset and outcome; its count says how many."
        ),
        (
            "gapless_operation_memory_peak_bytes", "gauge",
            "The most memory that was seen resident as a call began or ended, and of an ingestion over its calls."
        ),
        ("gapless_alerts_total", "counter", "Alarms that this process opened and cleared."),
        ("gapless_webhook_deliveries_total", "counter", "Tries to tell the webhook, by what became of them."),
        ("gapless_cache_total", "counter", "Answers by what the cache did."),
        ("gapless_cache_breaker_openings_total", "counter", "Times that Redis failed and was left alone for a while."),
    ]

    /// Pools and loops are told of from here on.
    func watch(_ pools: [(String, PoolGauge)] = [], _ loops: [Loop] = []) {
        watched.withLock { watched in
            watched.pools += pools.map { (name: $0.0, gauge: $0.1) }
            watched.loops += loops.map { (name: $0.name, load: $0.load) }
        }
    }

    /// All of it; `reading`: what the store said.
    func text(_ reading: StoreSampler.Reading) -> [UInt8] {
        var text = MetricsText()
        counted(&text)
        let watched = watched.withLock { $0 }
        text.pools(watched.pools)
        text.loops(watched.loops)
        text.store(reading)
        text.family("gapless_log_lines_dropped_total", "counter", "Log lines that could not be written.")
        text.sample(log.droppedLines)
        text.process()
        return Array(text.text.utf8)
    }

    private func counted(_ text: inout MetricsText) {
        let (counters, histograms) = sums()
        for entry in Self.help {
            text.family(entry.name, entry.type, entry.help)
            for (series, value) in counters.sorted(by: { $0.key < $1.key }) where Self.name(series) == entry.name {
                text.sample(series: series, value)
            }
            for (series, histogram) in histograms.sorted(by: { $0.key < $1.key }) where Self.name(series) == entry.name {
                let labels = series.dropFirst(entry.name.count).dropFirst().dropLast()
                text.histogram(
                    String(labels), bounds: histogram.bounds, counts: histogram.counts, sum: histogram.sum)
            }
        }
    }

    /// Over all loops.
    private func sums() -> (counters: [String: Int], histograms: [String: MetricsShard.Histogram]) {
        var counters: [String: Int] = [:]
        var histograms: [String: MetricsShard.Histogram] = [:]
        for shard in shards.withLock({ $0 }) {
            let counts = shard.snapshot
            counters.merge(counts.counters) { $0 + $1 }
            counters.merge(counts.peaks) { max($0, $1) }
            for (name, histogram) in counts.histograms { histograms[name, default: .init(bounds: histogram.bounds)].add(histogram) }
            for route in counts.routes.compactMap(\.self) {
                for (method, status, count) in route.answers {
                    let labels = "method=\"\(method)\",route=\"\(route.pattern)\",status=\"\(status)\""
                    counters["gapless_http_requests_total{\(labels)}", default: 0] += count
                }
                counters["gapless_http_response_bytes_total{route=\"\(route.pattern)\"}", default: 0] += route.bytes
                histograms["gapless_http_request_seconds{route=\"\(route.pattern)\"}", default: .init()].add(route.times)
            }
            if counts.hot > 0 { counters["gapless_cache_total{result=\"hot\"}", default: 0] += counts.hot }
        }
        return (counters, histograms)
    }

    private static func name(_ series: String) -> Substring { series.prefix { $0 != "{" } }
}
