import Bytes
@testable import Ingest
import Series
@testable import Store
import TestSupport
import Testing

/// An ingestion of a dataset with several ways, wave by wave: what is planned next when all calls of a wave have ended.
@Suite struct WaveTests {
    private static let lengths = [1, 2, 6]
    private static let window = 4

    private static func length(_ key: SeriesKey) -> Int { Int(key.values[1]) ?? 1 }

    private static func dataset() -> Dataset {
        func shape(_ name: String, _ kind: CallShape.Kind, _ requests: Int) -> CallShape {
            CallShape(name: name, kind: kind, fixed: Cost(requests: requests), secondsPerRequest: 1)
        }
        return Dataset(
            name: "ways", title: "Four ways", keys: ["name", "length"], unit: "1", zone: .utc,
            calendars: .each(finest: .every(seconds: 1, anchor: 0)) { Calendar(ruler: .every(seconds: length($0), anchor: 0)) },
            dueLag: { _ in 0 }, horizonDays: 1,
            shapes: [
                shape("newest", .newest(slots: window), 1), shape("tape", .tape, 1), shape("file", .file, 0),
                shape("derive", .inference, 0), shape("evidence", .inference, 0),
            ],
            periods: .every(seconds: 1, anchor: 0),
            upstream: UpstreamProfile(
                name: "nowhere", credential: .none, rate: RequestRate(count: 1, seconds: 1), requestsInFlight: 1, timeoutSeconds: 1,
                bodyBytesMax: 1),
            exchange: { _ in preconditionFailure("this dataset makes no calls") },
            schema: RowSchema(table: "none", columns: [], migrations: []), slotFields: [], partFields: [], followed: [],
            channel: { $0.values[0] },
            labels: [
                Label(name: "size", values: ["small", "big"], of: { length($0) > 2 ? "big" : "small" }, expands: {
                    ["length": $0 == "big" ? ["6"] : ["1", "2"]]
                })
            ],
            derivation: Derivation(
                sources: { key in lengths.filter { $0 < length(key) }.map { SeriesKey([key.values[0], "\($0)"]) } },
                roll: { $0.first ?? [] }, countColumn: 0, emptyReason: "empty", commonReason: "common"),
            canonical: { name, value in name == "length" ? Int(value).map { "\($0)" } : value.lowercased() }, followsStored: true,
            tapePage: 10, defaults: { $0 == "length" ? ["1", "2"] : [] })
    }

    /// The world as the calls find it: every slot exists; a file tells of some, a tape read of `tapeReach` seconds proves so much.
    private struct World {
        let dataset = WaveTests.dataset()
        var series: [StoredSeries]
        var fileSlots: [Int: SlotSet] = [:]
        var tapeReach = Int.max
        let now: Int64
        var made: [Store.MadeCall] = []
        var waves: [[StoredCall]] = []
        var requests = 0

        init(now: Int64) {
            self.now = now
            series = WaveTests.lengths.enumerated().map { StoredSeries(id: $0, ledger: Ledger(key: SeriesKey(["p", "\($1)"]))) }
        }

        mutating func hold(_ id: Int, _ slots: SlotSet) {
            var ledger = series[id].ledger
            ledger.held.formUnion(slots)
            series[id] = StoredSeries(id: id, ledger: ledger)
        }

        mutating func carryOut(_ calls: [StoredCall]) {
            waves.append(calls)
            for call in calls {
                requests += call.requests
                var goesOn = false
                for id in call.seriesIDs {
                    let key = series[id].key
                    switch call.shape {
                    case "newest":
                        let current = Int(now) / WaveTests.length(key)
                        hold(id, SlotSet(current - WaveTests.window..<current))
                    case "file": hold(id, (fileSlots[id] ?? SlotSet()).intersection(dataset.slots(of: key, in: call.periods)))
                    case "tape":
                        let reach = call.periods.lowerBound + min(tapeReach, 1 << 30)
                        let read = call.periods.lowerBound..<min(call.periods.upperBound, reach)
                        goesOn = read != call.periods
                        hold(id, SlotSet(dataset.wholeSlots(of: key, in: read)))
                    case "evidence": break
                    default:
                        for slot in dataset.wholeSlots(of: key, in: call.periods) {
                            let instants = dataset.instants(of: slot..<slot + 1, of: key)
                            let follows = series.contains { other in
                                let inside = dataset.slots(of: other.key, from: instants.lowerBound, to: instants.upperBound)
                                return WaveTests.length(other.key) < WaveTests.length(key) && other.ledger.held.contains(inside)
                            }
                            if follows { hold(id, SlotSet(slot..<slot + 1)) }
                        }
                    }
                }
                made.append(
                    Store.MadeCall(
                        shape: call.shape, seriesIDs: call.seriesIDs, periods: call.periods, covers: call.covers, file: call.file,
                        goesOn: goesOn))
            }
        }

        /// Plans, and carries out wave after wave; how it ended.
        mutating func ingest(_ selection: Selection, files: [FileAtHand] = []) throws -> (IngestionStatus, String?) {
            var ground = WayGround()
            ground.files = files
            let resolved = Planning.resolved(selection, of: dataset, now: now)
            carryOut(Planning.plan(resolved, of: dataset, series: series, findings: [:], now: now, ground: ground).calls)
            for replans in 0..<100 {
                var sums = StoredIngestion.Sums()
                (sums.tasks, sums.requests, sums.written) = (made.count, requests, 1)
                let ingestion = StoredIngestion(
                    id: "", dataset: "ways", status: .running, selection: SelectionJSON.text(resolved, of: dataset), planID: nil,
                    requestedBy: "", lane: .history, gapsDetected: 0, slotsDetected: 0, slotsUnfillable: 0, lowerBoundRequests: 0,
                    optimality: "proven", replans: replans, filedAt: now, createdAt: 0, startedAt: nil, finishedAt: nil, error: nil,
                    sums: sums)
                ground.made = made
                let settlement = try Settling.decide(
                    ingestion, undone: [], series: series, dataset: dataset, findings: [:], ground: ground)
                switch settlement {
                case .ended(let status, let error): return (status, error)
                case .more(let calls, _): carryOut(calls)
                }
            }
            Issue.record("no end")
            return (.failed, nil)
        }
    }

    private static func selection(_ ways: (inout Selection.Ways) -> Void = { _ in }) -> Selection {
        var selection = Selection(dataset: "ways", from: 946_684_800)
        ways(&selection.ways)
        return selection
    }

    private static let now: Int64 = 946_684_800 + 60

    private static func slots(_ length: Int, _ range: Range<Int>) -> SlotSet {
        let first = 946_684_800 / length
        return SlotSet(first + range.lowerBound..<first + range.upperBound)
    }

    /// Files, then what follows from them and what the upstream still tells of, then what follows of that: nobody is asked in vain.
    @Test func whatAFileDidNotTellIsAskedForNext() throws {
        var world = World(now: Self.now)
        world.fileSlots[0] = Self.slots(1, 0..<58)
        let file = FileAtHand(id: 7, series: world.series[0].key, span: Self.now - 60..<Self.now)
        let (status, error) = try world.ingest(Self.selection(), files: [file])
        #expect(status == .completed && error == nil)
        #expect(world.waves.map { $0.map(\.shape) }.first == ["file"], "all that is missing is left to the file, and what follows from it")
        #expect(world.waves.joined().filter { $0.shape == "file" }.count == 1)
        // Two seconds, and all that they lacked follows.
        #expect(world.requests == 1 && world.waves.joined().filter { $0.shape == "newest" }.map(\.seriesIDs) == [[0]])
    }

    @Test func withoutTradesItSaysWhatIsLacking() throws {
        var world = World(now: Self.now)
        let (status, error) = try world.ingest(Self.selection())
        // The four newest of each length were to be had; nothing else was, and nothing was asked twice.
        #expect(status == .partial && error == "88 slots are still missing: 88 need trades")
        #expect(world.waves.joined().filter { $0.shape == "newest" }.count == world.requests && world.requests <= 3)
        #expect(!world.waves.joined().contains { $0.shape == "tape" })
        // What only looks promises no slot.
        let looks = world.waves.joined().filter { $0.shape == "evidence" }
        #expect(!looks.isEmpty && looks.allSatisfy { $0.covers == 0 })
        var off = World(now: Self.now)
        _ = try off.ingest(Self.selection { $0.autoGapFill = false })
        #expect(off.waves.count == 1)
        var none = World(now: Self.now)
        _ = try none.ingest(Self.selection { $0.apiBackfill = false; $0.archives = false })
        #expect(none.requests == 0)
    }

    /// A pass that was cut short and got somewhere goes on where it stopped, until all is there.
    @Test func aPassThatWasCutShortGoesOn() throws {
        var world = World(now: Self.now)
        world.tapeReach = 25
        let (status, _) = try world.ingest(Self.selection { $0.trades = true })
        #expect(status == .completed && world.waves.joined().filter { $0.shape == "tape" }.count > 1)
        var short = World(now: Self.now)
        var selection = Self.selection { $0.trades = true }
        selection.maxRequests = 2
        _ = try short.ingest(selection)
        #expect(short.requests <= 2, "over all waves")
    }

    /// Whatever is held and whatever the file lacks, with trades all is filled, and each wave has something new.
    @Test(arguments: [61, 62, 63] as [UInt64]) func allIsFilledInTheEnd(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<40 {
            var world = World(now: Self.now + Int64(random.below(12)))
            for (id, length) in Self.lengths.enumerated() {
                world.hold(id, SlotSet(ranges: random.ranges(4, in: Self.slots(length, 0..<60 / length).ranges[0], longest: 20)))
                world.fileSlots[id] = SlotSet(ranges: random.ranges(4, in: Self.slots(length, 0..<60 / length).ranges[0], longest: 20))
            }
            let files = world.series.filter { _ in random.chance(50) }.map {
                FileAtHand(id: Int64($0.id), series: $0.key, span: Self.now - 60..<Self.now)
            }
            let (status, error) = try world.ingest(Self.selection { $0.trades = true }, files: files)
            #expect(status == .completed, "\(error ?? "") after \(world.waves)")
        }
    }

    @Test func seriesAreMadeByWhatASelectionNames() {
        let dataset = Self.dataset()
        #expect(dataset.series(named: ["name": ["a", "b"]]).map(\.description) == ["a/1", "a/2", "b/1", "b/2"])
        #expect(dataset.series(named: ["name": ["a"], "size": ["big"]]).map(\.description) == ["a/6"])
        #expect(dataset.series(named: ["name": ["a"], "length": ["06", "x"]]).isEmpty, "the selection itself must be in one spelling")
        #expect(dataset.series(named: ["name": ["a"], "length": ["6"]]).map(\.description) == ["a/6"])
        #expect(dataset.series(named: ["length": ["6"]]).isEmpty && dataset.series(named: [:]).isEmpty)
    }
}
