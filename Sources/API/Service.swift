package import Answers
package import EventLoop
package import HTTP
package import Ingest
package import Series

/// The HTTP face of the service on one serving loop: the table of routes and what stands behind it.
///
///     let service = Service(loop: loop, reader: reader, planning: planning, datasets: datasets, ...)
///     let server = try Server(loop: loop, address: address, router: service.router)
package final class Service {
    /// Who may ask, beyond what is always so: loopback names, and no other origin.
    package struct Settings: Sendable {
        /// Names that `Host` may have, with or without a port.
        package let allowedHosts: [String]
        /// Origins as browsers send them: `https://example.org`.
        package let origins: [String]
        package let tokens: TokenBook
        /// nil where clients may ask as fast as they can.
        package let rate: ClientRate?

        package init(allowedHosts: [String] = [], origins: [String] = [], tokens: TokenBook = .open, rate: ClientRate? = nil) {
            self.allowedHosts = allowedHosts
            self.origins = origins
            self.tokens = tokens
            self.rate = rate
        }
    }

    package let router = Router()
    let reader: Reader
    let planning: Planning
    let datasets: [Dataset]
    let contract = Contract()
    let gate: Gate
    let memo: TargetMemo
    let patience: Patience
    let room: EventRoom
    let today: TodayDesk
    let readiness: () async -> Readiness
    let metricsText: () async -> [UInt8]
    let nudgeWorker: () -> Void
    private let unforeseen: (any Error, String) -> Void

    /// - Parameters:
    ///   - loop: the loop on which all of it lives.
    ///   - readiness: looks at every dependency now.
    ///   - metrics: Prometheus text, version 0.0.4.
    ///   - nudgeWorker: an ingestion was filed; a worker may begin.
    ///   - eventStreamsMax: clients that may watch ingestions at a time.
    ///   - todayOnDemand: due slots of today that a reader lacks are fetched.
    ///   - memoBytesMax: bodies that may be held by target, beside those that the reader holds by question.
    ///   - unforeseen: a failure that nobody foresaw, with the request's id: for the log. The client is told nothing of it.
    package init(
        loop: Loop, reader: Reader, planning: Planning, datasets: [Dataset], settings: Settings,
        readiness: @escaping () async -> Readiness, metrics: @escaping () async -> [UInt8], nudgeWorker: @escaping () -> Void,
        eventStreamsMax: Int = 256, todayOnDemand: Bool = false, memoBytesMax: Int = 16 << 20,
        unforeseen: @escaping (any Error, String) -> Void = { _, _ in }
    ) {
        self.reader = reader
        self.planning = planning
        self.datasets = datasets
        self.readiness = readiness
        metricsText = metrics
        self.nudgeWorker = nudgeWorker
        memo = TargetMemo(bytesMax: memoBytesMax)
        self.unforeseen = unforeseen
        patience = Patience(loop)
        room = EventRoom(loop, store: planning.store, most: eventStreamsMax)
        today = TodayDesk(loop, planning, isOn: todayOnDemand, nudgeWorker: nudgeWorker)
        gate = Gate(hosts: settings.allowedHosts, origins: settings.origins, tokens: settings.tokens, rate: settings.rate)
        addRoutes()
    }

    private func addRoutes() {
        router.admit = gate.admit
        router.dress = dress
        get("/", .scope(.read), index)
        get("/healthz", .nothing, health)
        get("/readyz", .nothing, ready)
        get("/metrics", .scope(.read), metrics)
        get("/openapi.yaml", .scope(.read), openAPI)
        get("/problems/{slug}", .scope(.read), problemType)
        get("/v1/datasets", .scope(.read), listDatasets)
        get("/v1/datasets/{dataset}", .scope(.read), atOnce: readAgain, oneDataset)
        get("/v1/{dataset}/series", .scope(.read), atOnce: readAgain, series)
        get("/v1/{dataset}/history", .scope(.read), atOnce: readAgain, history)
        get("/v1/{dataset}/completeness", .scope(.read), atOnce: readAgain, completeness)
        get("/v1/{dataset}/gaps", .scope(.read), atOnce: readAgain, gaps)
        get("/v1/{dataset}/slots/{time}", .scope(.read), explainSlot)
        post("/v1/{dataset}/exclusions", .scope(.ingest), makeExclusion)
        get("/v1/{dataset}/exclusions", .scope(.read), listExclusions)
        get("/v1/{dataset}/exclusions/{id}", .scope(.read), oneExclusion)
        delete("/v1/{dataset}/exclusions/{id}", .scope(.ingest), liftExclusion)
        get("/v1/{dataset}/revisions", .scope(.read), atOnce: readAgain, revisions)
        get("/v1/{dataset}/quality", .scope(.read), listQuality)
        get("/v1/{dataset}/quarantine", .scope(.read), listQuarantine)
        post("/v1/{dataset}/quarantine/replay", .scope(.ingest), replayQuarantine)
        get("/v1/{dataset}/quarantine/{id}", .scope(.read), oneRefusal)
        post("/v1/{dataset}/quarantine/{id}/release", .scope(.ingest), releaseRefusal)
        post("/v1/plans", .scope(.ingest), makePlan)
        get("/v1/plans/{id}", .scope(.read), onePlan)
        get("/v1/plans/{id}/calls", .scope(.read), planCalls)
        post("/v1/ingestions", .scope(.ingest), makeIngestion)
        get("/v1/ingestions", .scope(.read), listIngestions)
        get("/v1/ingestions/{id}", .scope(.read), oneIngestion)
        get("/v1/ingestions/{id}/tasks", .scope(.read), ingestionTasks)
        get("/v1/ingestions/{id}/events", .scope(.read), ingestionEvents)
        post("/v1/ingestions/{id}/pause", .scope(.ingest), pauseIngestion)
        post("/v1/ingestions/{id}/resume", .scope(.ingest), resumeIngestion)
        post("/v1/ingestions/{id}/cancel", .scope(.ingest), cancelIngestion)
        get("/v1/alerts", .scope(.read), listAlerts)
        post("/v1/alerts/{id}/acknowledge", .scope(.ingest), acknowledgeAlert)
        get("/v1/audit", .scope(.admin), listAudit)
        get("/v1/audit/calls/{task}", .scope(.admin), auditedCall)
        get("/v1/budgets", .scope(.read), listBudgets)
        precondition(gate.routeCount == router.routes.count, "a route was added without what it asks of a token")
    }

    /// A line of the table with what it asks of a token; the only ways to add one.
    private func get(_ pattern: String, _ need: Gate.Need, atOnce quick: QuickHandler? = nil, _ handler: @escaping Handler) {
        router.get(pattern, atOnce: quick, handler)
        gate.add(need)
    }

    private func post(_ pattern: String, _ need: Gate.Need, _ handler: @escaping Handler) {
        router.post(pattern, handler)
        gate.add(need)
    }

    private func delete(_ pattern: String, _ need: Gate.Need, _ handler: @escaping Handler) {
        router.on(.delete, pattern, handler)
        gate.add(need)
    }

    /// Answers at once whoever waits for something to end: the service stops.
    package func endWaiting() {
        patience.end()
        room.end()
    }

    /// Hears what happens to ingestions, for all who watch them on this loop, until the loop closes or `endWaiting`.
    package func runEvents() async { await room.hear() }

    /// From the next request on these tokens are good, and no others.
    package func replaceTokens(_ tokens: TokenBook) { gate.tokens = tokens }

    private func dress(_ request: Request, _ response: inout Response) {
        gate.dress(request, &response)
        ContentCoding.encode(&response, for: request)
        // Refusals that the server made itself; ours say so already.
        if response.status >= 400, response.fields["Cache-Control"] == nil { response.fields.add("Cache-Control", "no-store") }
    }

    /// Runs what answers a request; a failure becomes its problem.
    func answering(
        _ request: Request, input: InputPlace = .query, _ answer: (Request) async throws -> Response
    ) async -> Response {
        do {
            return try await answer(request)
        } catch {
            return failed(error, request, input: input)
        }
    }

    func failed(_ error: any Error, _ request: Request, input: InputPlace = .query) -> Response {
        if let known = Failures.known(error, in: input) { return known.response(for: request) }
        unforeseen(error, request.id)
        return Failures.unforeseen.response(for: request)
    }

    /// The dataset that the path names.
    func dataset(of request: Request) throws(Failure) -> Dataset {
        let name = request.parameter("dataset") ?? ""
        if let dataset = datasets.first(where: { $0.name == name }) { return dataset }
        throw Failure(.unknownName, "There is no such dataset; there are: \(datasets.map(\.name).joined(separator: ", ")).")
    }
}
