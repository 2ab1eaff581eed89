import Bytes
import Series

@testable import Datasets

/// A record of the synthetic listing.
struct FakeRecord: Hashable {
    var bus: String
    var date: String
    var hour: Int
    var minute: Int
    var usd = "57.18"
    var clp: String? = "54.1"
    var version = "EN LINEA"
    /// Of a programme, which has the hour only.
    var issueDate: String?
    var issueHour = 4

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    var stamp: String { "\(date) \(Self.padded(hour)):\(Self.padded(minute))" }

    var json: String {
        if let issueDate {
            return #"{"nmb_barra_info": "BA S/E \#(bus)", "llave_cmg": "\#(bus)", "cmg_usd_mwh": \#(usd), "#
                + #""fecha_hora": "\#(date) \#(Self.padded(hour)):00:00", "fecha_programa": "\#(issueDate)", "#
                + #""hora_programa": \#(issueHour), "zona": "Sur", "region": "Los Lagos"}"#
        }
        let clp = clp.map { #""cmg_clp_kwh_": \#($0), "# } ?? ""
        return #"{"id_info": null, "barra_info": "nan", "barra_transf": "\#(bus)", "fecha": "\#(date)", "hra": \#(hour), "#
            + #""min": \#(minute), \#(clp)"cmg_usd_mwh_": \#(usd), "version": "\#(version)", "#
            + #""fecha_hora": "\#(date) \#(Self.padded(hour)):00", "fecha_minuto": "\#(stamp)"}"#
    }

    /// What the upstream has of a day: 24 hours of four quarters, whatever the clocks did.
    static func day(_ date: String, bus: String) -> [FakeRecord] {
        (0..<96).map { FakeRecord(bus: bus, date: date, hour: $0 / 4, minute: $0 % 4 * 15, usd: "\($0).\(($0 * 7) % 10)1") }
    }
}

/// An upstream of paged answers. `records` are in the order in which they are served.
struct FakeListing {
    var records: [FakeRecord]
    /// The number of the first page; with `aliasesZero`, page 0 is page 1 besides.
    var base = 0
    var aliasesZero = false
    var honoursFilter = true
    var limitMax = 4000
    /// Page 0 is answered with an error, as if it were never answered well.
    var refusesZero = false
    /// Longer pages are answered with an error.
    var ceiling = Int.max

    static func body(_ records: [FakeRecord], total: Int?, page: Int, limit: Int) -> String {
        let data = records.map(\.json).joined(separator: ", ")
        if let total { return #"{"data": [\#(data)], "totalPages": \#(total), "page": \#(page), "limit": \#(limit)}"# }
        return #"{"data": [\#(data)], "page": \#(page), "limit": \#(limit)}"#
    }

    /// An upstream whose one page holds these records as they stand, so many of which it counts.
    static func onePage(_ data: String, count: Int, from first: Int = 0) -> (UpstreamRequest) -> String {
        { request in
            let (page, limit) = (request["page"]!, request["limit"]!)
            if limit != "1", Int(page)! > first { return #"{"data": [], "totalPages": 1, "page": \#(page), "limit": \#(limit)}"# }
            if limit == "1" { return #"{"data": [], "totalPages": \#(count), "page": \#(page), "limit": 1}"# }
            return #"{"data": [\#(data)], "totalPages": 1, "page": \#(page), "limit": \#(limit)}"#
        }
    }

    func matching(_ request: UpstreamRequest) -> [FakeRecord] {
        let dates = request["startDate"]!...request["endDate"]!
        return records.filter { record in
            dates.contains(record.date) && (!honoursFilter || request["bar_transf"].map { $0 == record.bus } ?? true)
        }
    }

    /// nil where the answer is an error for good.
    func outcome(_ request: UpstreamRequest) -> String? {
        if refusesZero, request["page"] == "0" { return nil }
        if Int(request["limit"]!)! > ceiling { return nil }
        return answer(request)
    }

    struct Page {
        let records: [FakeRecord]
        let number: Int
        let limit: Int
        let total: Int
    }

    func served(_ request: UpstreamRequest) -> Page {
        let limit = min(Int(request["limit"]!)!, limitMax)
        let number = Int(request["page"]!)!
        let found = matching(request)
        let total = (found.count + limit - 1) / limit
        let place = (aliasesZero && number == 0 ? 1 : number) - base
        let from = place * limit
        let records = from >= 0 && from < found.count ? Array(found[from..<min(from + limit, found.count)]) : []
        return Page(records: records, number: number, limit: limit, total: total)
    }

    func answer(_ request: UpstreamRequest) -> String {
        let page = served(request)
        return Self.body(page.records, total: page.total, page: page.number, limit: page.limit)
    }
}

extension UpstreamRequest {
    subscript(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// What a call came to.
struct Outcome {
    var end: CallEnd?
    var rows: [Row] = []
    var found: [FoundRow] = []
    var dropped = 0
    var quarantined: [QuarantinedRecord] = []
    var requests: [UpstreamRequest] = []

    var isProved: Bool { if case .proved = end { true } else { false } }
    var isUnproved: Bool { if case .unproved = end { true } else { false } }
    var times: Set<Int64> { Set(rows.map(\.time)) }
    /// The pages that were asked for, the questions for the end left out.
    var pages: [Int] { requests.filter { $0["limit"] != "1" }.map { Int($0["page"]!)! } }
    /// Requests that the plan pays for.
    var firstAsks: Int { requests.count { $0.attempt == 0 } }
    var needs: Step.Needs?
    /// Of the end.
    var witnessed: Range<Int>?
    var unanswered: Set<Int> = []
    var isGone = false
    var isBeginning = false
    var silentSince: Int64?
    var beginsAt: Int64?
    var marks: [QualityMark] = []

    mutating func add(_ step: Step) {
        rows += step.rows
        found += step.found
        marks += step.marks
        dropped += step.dropped
        quarantined += step.quarantined
        end = step.end
        needs = step.needs ?? needs
        witnessed = step.witnessed ?? witnessed
        unanswered = step.unanswered
        (isGone, isBeginning) = (step.isGone, step.isBeginning)
        (silentSince, beginsAt) = (step.silentSince, step.beginsAt)
    }
}

/// Carries a call out: `pick` names which outstanding request is answered next, `serve` gives its body, nil for one given up.
func carryOut(
    _ exchange: any Exchange, pick: (Int) -> Int = { _ in 0 }, givesDefectsUp: Bool = false,
    cause: (UpstreamRequest) -> FailureClass = { _ in .server }, serve: (UpstreamRequest) -> String?
) throws -> Outcome {
    var machine = exchange
    var outcome = Outcome()
    var waiting = machine.start()
    outcome.requests = waiting
    while outcome.end == nil, !waiting.isEmpty {
        let request = waiting.remove(at: pick(waiting.count))
        let step: Step
        if let body = serve(request) {
            do throws(AnswerDefect) {
                step = try machine.received(UpstreamAnswer(body: Array(body.utf8)), to: request)
            } catch {
                guard givesDefectsUp else { throw error }
                step = machine.gaveUp(on: request, because: cause(request))
            }
        } else {
            step = machine.gaveUp(on: request, because: cause(request))
        }
        outcome.add(step)
        waiting += step.requests
        outcome.requests += step.requests
    }
    return outcome
}

/// The dataset under test and what its calls need.
struct Bench {
    let zone: Zone
    let dataset: Dataset
    static let bus = "CHILOE________220"

    init() throws {
        zone = try Zone.load("America/Santiago")
        dataset = cmg(zone: zone, following: CMG.Following(), rate: CMG.rate)
    }

    func day(_ date: String) -> Int { LocalDate(date)!.daysSince1970 }

    func exchange(
        _ shape: String, _ date: String, days: Int = 1, buses: [String] = [Bench.bus], now: Int64 = .max, requests: Int = .max,
        pageRows: Int? = nil
    ) -> any Exchange {
        let source = String(shape.prefix { $0 != "-" })
        return dataset.exchange(
            CallOrder(
                shape: shape, series: buses.map { SeriesKey([$0, source]) }, periods: day(date)..<day(date) + days, now: now,
                requests: requests, pageRows: pageRows))
    }

    func node(_ date: String, days: Int = 1, requests: Int = .max) -> any Exchange {
        exchange("online-node", date, days: days, requests: requests)
    }

    func scan(_ date: String, buses: [String] = [Bench.bus], requests: Int = .max) -> any Exchange {
        exchange("online-scan", date, buses: buses, requests: requests)
    }

    /// The instant that a record of an ordinary hour stands for.
    func time(_ record: FakeRecord) -> Int64 {
        zone.instants(LocalDate(record.date)!, hour: record.hour, minute: record.minute)[0]
    }
}
