import Bytes
import Conformance
import Series
import Testing

/// Ways in which somebody could get the page's dataset wrong.
enum Mistake: String, CaseIterable {
    // Of the machine.
    case takesAnything, changesBeforeItThrows, neverEnds, provesNothing, wrongKind, offTheGrid, drawsLots, namesTheSecret, namesAHost,
        blamesTheLine, asksForAnyShape
    // Of the facts.
    case keyIsAParameter, unexplained, spellsTwice, nullWins, madeUp, costsNothing, priceForgetsItsName, noTable, dueOutOfOrder,
        longAnswer, asksTooLate

    /// The check that has to see it.
    var check: Conformance.Check {
        switch self {
        case .takesAnything, .changesBeforeItThrows, .blamesTheLine: .spoiltAnswers
        case .neverEnds, .provesNothing: .givingUp
        case .wrongKind, .offTheGrid, .drawsLots, .namesTheSecret, .namesAHost: .dialogues
        case .asksForAnyShape: .oddOrders
        case .keyIsAParameter, .unexplained, .noTable: .names
        case .spellsTwice: .spellings
        case .nullWins, .madeUp: .merging
        case .costsNothing, .priceForgetsItsName, .longAnswer: .costs
        case .dueOutOfOrder, .asksTooLate: .due
        }
    }

    private var merge: RowSchema.Merge? {
        switch self {
        case .nullWins: { older, newer in older[0] == newer[0] ? [newer[0], .null] : newer }
        case .madeUp: { _, newer in [newer[0], .text("merged")] }
        default: nil
        }
    }

    /// The dataset with this mistake; the levels have a column more, for what is merged.
    var dataset: Dataset {
        let right = tides(zone: .utc, stations: ["HOOK-HEAD"], rate: Tides.rate)
        let mistake = self
        let schema = merge.map {
            RowSchema(
                table: "tide_levels", columns: [.init("level", .decimal), .init("note", .text)], compared: [0], merge: $0,
                migrations: right.table.schema.migrations)
        } ?? RowSchema(
            table: self == .noTable ? "tide_level" : "tide_levels", columns: right.table.schema.columns,
            migrations: right.table.schema.migrations)
        let shapes = [CallShape(name: "window", kind: .window(periods: 31), fixed: .zero, secondsPerRequest: 1)]
        return Dataset(
            name: right.name, title: right.title, keys: [self == .keyIsAParameter ? "from" : "station"], unit: right.unit, zone: right.zone,
            calendars: right.calendars, dueLag: right.dueLag, horizonDays: right.horizonDays,
            shapes: self == .costsNothing ? shapes : right.shapes, periods: right.periods,
            upstream: UpstreamProfile(
                name: "gauges", credential: right.upstream.credential, rate: Tides.rate, requestsInFlight: 2, timeoutSeconds: 30,
                bodyBytesMax: self == .longAnswer ? 100 : 1 << 20),
            exchange: { MistakenTides($0, mistake) }, schema: schema, slotFields: right.table.slotFields,
            partFields: right.table.partFields, followed: right.followed, lostReasons: self == .unexplained ? ["lost"] : [],
            priced: priced, schedules: self == .asksTooLate ? [nightly] : [],
            canonical: { mistake == .spellsTwice ? $1 + "-" : Tides.canonical($0, $1) },
            dueFrom: self == .dueOutOfOrder ? DueFrom.close { Tides.hours.end(of: $0) - Int64($0 % 2) * 7200 } : DueFrom.slotEnd)
    }

    private var nightly: DatasetSchedule {
        DatasetSchedule("nightly", .daily(minutes: [120], .utc), .missing(daysBack: 30), lane: .repair)
    }

    @Sendable private func priced(_ shape: CallShape, _ needs: Step.Needs) -> CallShape {
        if self != .priceForgetsItsName { return shape.costing(needs.requests) }
        return CallShape(name: "other", kind: shape.kind, fixed: shape.fixed, secondsPerRequest: 1)
    }

    var specimen: Specimen {
        let right = tidesSpecimen(dataset)
        guard merge != nil else { return right }
        let calls = right.calls.map { call in
            SpecimenCall(
                call.order.shape, of: dataset, call.order.series, periods: call.order.periods,
                rows: call.rows.map { Row(series: 0, time: $0.time, values: $0.values + [.text("n\($0.time % 5)")]) }, answer: call.answer)
        }
        return Specimen(dataset, calls)
    }
}

/// The page's machine with a mistake.
private struct MistakenTides: Exchange {
    private var right: TidesExchange
    private let mistake: Mistake
    private var heard = 0

    init(_ order: CallOrder, _ mistake: Mistake) {
        let shape = mistake == .asksForAnyShape ? "window" : order.shape
        right = TidesExchange(CallOrder(shape: shape, series: order.series, periods: order.periods, now: order.now))
        self.mistake = mistake
    }

    mutating func start() -> [UpstreamRequest] {
        right.start().map { request in
            var query = request.query.map { ($0.name, $0.value) }
            if mistake == .drawsLots { query.append(("lot", String(UInt64.random(in: 0 ... .max)))) }
            if mistake == .namesTheSecret { query.append(("X-Key", "k-1")) }
            // The right machine knows its own question only.
            asked = request
            return UpstreamRequest(path: mistake == .namesAHost ? "//evil.example/v1/levels" : request.path, query: query)
        }
    }

    private var asked: UpstreamRequest?

    mutating func received(_ answer: UpstreamAnswer, to request: UpstreamRequest) throws(AnswerDefect) -> Step {
        heard += 1
        if mistake == .changesBeforeItThrows, heard > 1 { return right.gaveUp(on: request, because: .malformed) }
        var step: Step
        do throws(AnswerDefect) {
            step = try right.received(answer, to: asked ?? request)
        } catch {
            if mistake == .blamesTheLine { throw AnswerDefect(.transport, error.reason) }
            guard mistake == .takesAnything else { throw error }
            step = Step()
            step.end = .proved("whatever it was")
        }
        if mistake == .wrongKind { step.rows = step.rows.map { Row(series: 0, time: $0.time, values: [.text("1")]) } }
        if mistake == .offTheGrid { step.rows = step.rows.map { Row(series: 0, time: $0.time + 60, values: $0.values) } }
        return step
    }

    mutating func gaveUp(on request: UpstreamRequest, because cause: FailureClass) -> Step {
        if mistake == .neverEnds { return Step() }
        var step = right.gaveUp(on: request, because: cause)
        if mistake == .provesNothing { step.end = .proved("nothing was there") }
        return step
    }
}
