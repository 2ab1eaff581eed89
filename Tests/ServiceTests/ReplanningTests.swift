import Bytes
@testable import Ingest
import Series
@testable import Store
import Testing

/// What is planned anew when a call could not be carried out as planned, and at which price.
@Suite struct ReplanningTests {
    /// Hours in two channels, a window and a sweep in each; the sweep of `b` was planned at 5 requests.
    private static func dataset() -> Dataset {
        func shapes(_ channel: String) -> [CallShape] {
            [
                CallShape(
                    name: "\(channel)-window", channel: channel, kind: .window(periods: 2), fixed: Cost(requests: 1), secondsPerRequest: 1),
                CallShape(name: "\(channel)-sweep", channel: channel, kind: .sweep, fixed: Cost(requests: 5), secondsPerRequest: 1),
            ]
        }
        let followed = ["a", "b"].flatMap { channel in (0..<8).map { SeriesKey(["n\($0)", channel]) } }
        return Dataset(
            name: "two", title: "Two channels", keys: ["name", "channel"], unit: "1", zone: .utc,
            calendars: .alike(Calendar(ruler: .every(seconds: 3600, anchor: 0), parts: 1)), dueLag: { _ in 0 }, horizonDays: 1,
            shapes: shapes("a") + shapes("b"), periods: .days(.utc),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [], followed: followed,
            channel: { $0.values[1] }, reach: { key, _ in
                key.values[0] == "n7" ? Reach(from: 12 * 3600, reason: "late", action: "none") : nil
            })
    }

    private static func series(_ dataset: Dataset, held: SlotSet = SlotSet()) -> [StoredSeries] {
        dataset.followed.enumerated().map { StoredSeries(id: $0.offset, ledger: Ledger(key: $0.element, held: held)) }
    }

    private static let day = Selection(dataset: "two", from: 0, to: 86_400)

    @Test func eachChannelIsPlannedByItsOwnShapes() {
        let dataset = Self.dataset()
        let made = Planning.plan(Self.day, of: dataset, series: Self.series(dataset), findings: [:], now: 10 * 86_400)
        #expect(made.calls.map(\.shape) == ["a-sweep", "b-sweep"])
        #expect(made.calls.map(\.seriesIDs) == [Array(0..<8), Array(8..<16)])
        #expect(made.figures.cost.requests == 10 && made.figures.lowerBound.requests == 10 && made.figures.optimality == .proven)
        // Beyond reach is not asked for.
        #expect(made.figures.slots == 2 * (7 * 24 + 12))
    }

    @Test func aLearntPriceChangesTheChoice() {
        let dataset = Self.dataset()
        let dear: ShapeFindings = ["b-sweep": ShapeFinding(needs: Step.Needs(requests: 9, pageRows: 100))]
        let made = Planning.plan(Self.day, of: dataset, series: Self.series(dataset), findings: dear, now: 10 * 86_400)
        #expect(made.calls.map(\.shape) == ["a-sweep"] + Array(repeating: "b-window", count: 8))
        #expect(made.figures.cost.requests == 13 && made.figures.optimality == .proven)
        let gone: ShapeFindings = ["a-window": ShapeFinding(unusable: "ignored")]
        #expect(dataset.shapes(by: gone).map(\.name) == ["a-sweep", "b-window", "b-sweep"])
    }

    /// Requests that the limit leaves out are left out of both channels alike: what fills most for its price stays.
    @Test func theLimitIsOneForAllChannels() {
        let dataset = Self.dataset()
        var selection = Self.day
        selection.maxRequests = 6
        let made = Planning.plan(selection, of: dataset, series: Self.series(dataset), findings: [:], now: 10 * 86_400)
        #expect(made.figures.cost.requests == 5 && made.calls.count == 1)
        #expect(made.figures.warnings == ["max_requests leaves out 180 of the selected slots"])
    }

    /// What no call asks for any more, since the limit left it out when calls were planned anew, was not refreshed.
    @Test(arguments: [(24, IngestionStatus.partial), (48, .completed)])
    func aRefreshThatAReplanCutShortIsNotComplete(slotsPlanned: Int, status: IngestionStatus) throws {
        let dataset = Self.dataset()
        var selection = Self.day
        selection.mode = .refresh
        var sums = StoredIngestion.Sums()
        (sums.tasks, sums.slotsPlanned, sums.slotsSettled, sums.unchanged) = (3, slotsPlanned, slotsPlanned, slotsPlanned)
        let ingestion = StoredIngestion(
            id: "", dataset: "two", status: .running, selection: SelectionJSON.text(selection, of: dataset), planID: nil,
            requestedBy: "", lane: .history, gapsDetected: 2, slotsDetected: 48, slotsUnfillable: 0, lowerBoundRequests: 0,
            optimality: "proven",
            replans: 1, filedAt: 10 * 86_400, createdAt: 0, startedAt: nil, finishedAt: nil, error: nil, sums: sums)
        let held = Self.series(dataset, held: SlotSet(0..<24))
        guard case .ended(let ended, let error) = try Settling.decide(
            ingestion, undone: [], series: held, dataset: dataset, findings: [:])
        else {
            Issue.record("planned anew")
            return
        }
        #expect(ended == status && (error == "24 of the selected slots were left out by max_requests") == (status == .partial))
    }

    /// A call that can be planned no more is told of once, though a resumed ingestion has its unproved calls among those undone.
    @Test(arguments: [(0, IngestionStatus.completed, nil), (1, .partial, "1 of 3 calls were not answered whole")]
        as [(Int, IngestionStatus, String?)])
    func aResumedRefreshIsCompleteOnceAllIsProved(unproved: Int, status: IngestionStatus, error: String?) throws {
        let dataset = Self.dataset()
        var selection = Self.day
        selection.mode = .refresh
        var sums = StoredIngestion.Sums()
        (sums.tasks, sums.unproved, sums.slotsPlanned, sums.unchanged) = (3, unproved, 48, 24)
        let ingestion = StoredIngestion(
            id: "", dataset: "two", status: .running, selection: SelectionJSON.text(selection, of: dataset), planID: nil,
            requestedBy: "", lane: .history, gapsDetected: 2, slotsDetected: 48, slotsUnfillable: 0, lowerBoundRequests: 0,
            optimality: "proven", replans: 8, filedAt: 10 * 86_400, createdAt: 0, startedAt: nil, finishedAt: nil, error: nil, sums: sums,
            isResumed: true)
        let undone = Array(repeating: Store.UndoneCall(seriesIDs: [8], periods: 0..<1), count: unproved)
        let settlement = try Settling.decide(
            ingestion, undone: undone, series: Self.series(dataset, held: SlotSet(0..<24)), dataset: dataset, findings: [:])
        guard case .ended(let ended, let reason) = settlement else {
            Issue.record("planned anew")
            return
        }
        #expect(ended == status && reason == error)
    }

    /// A refresh asks for what is held, so only the calls that were not carried out may be planned again, or it would never end.
    @Test func onlyWhatWasNotCarriedOutIsPlannedAnew() throws {
        let dataset = Self.dataset()
        let held = SlotSet(0..<24)
        for mode in [Selection.Mode.refresh, .missing, .incremental] {
            var selection = Self.day
            selection.mode = mode
            let undone = Store.UndoneCall(seriesIDs: [8, 9], periods: 0..<1)
            let series = Self.series(dataset, held: mode == .refresh ? held : SlotSet(20..<24))
            let ingestion = StoredIngestion(
                id: "", dataset: "two", status: .running, selection: SelectionJSON.text(selection, of: dataset), planID: nil,
                requestedBy: "", lane: .history, gapsDetected: 0, slotsDetected: 0, slotsUnfillable: 0, lowerBoundRequests: 0,
                optimality: "proven", replans: 0,
                filedAt: 10 * 86_400, createdAt: 0, startedAt: nil, finishedAt: nil, error: nil, sums: StoredIngestion.Sums())
            let settlement = try Settling.decide(ingestion, undone: [undone], series: series, dataset: dataset, findings: [:])
            guard case .more(let calls, _) = settlement else {
                #expect(Bool(false), "\(mode): \(settlement)")
                continue
            }
            #expect(Set(calls.flatMap(\.seriesIDs)) == [8, 9] && calls.allSatisfy { $0.periods == 0..<1 }, "\(mode): \(calls)")
        }
    }
}
