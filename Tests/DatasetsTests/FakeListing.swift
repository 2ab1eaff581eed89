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

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    var stamp: String { "\(date) \(Self.padded(hour)):\(Self.padded(minute))" }

    var json: String {
        let clp = clp.map { #""cmg_clp_kwh_": \#($0), "# } ?? ""
        return #"{"id_info": null, "barra_info": "nan", "barra_transf": "\#(bus)", "fecha": "\#(date)", "hra": \#(hour), "#
            + #""min": \#(minute), \#(clp)"cmg_usd_mwh_": \#(usd), "version": "EN LINEA", "#
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

    static func body(_ records: [FakeRecord], total: Int?, page: Int, limit: Int) -> String {
        let data = records.map(\.json).joined(separator: ", ")
        if let total { return #"{"data": [\#(data)], "totalPages": \#(total), "page": \#(page), "limit": \#(limit)}"# }
        return #"{"data": [\#(data)], "page": \#(page), "limit": \#(limit)}"#
    }

    func matching(_ request: UpstreamRequest) -> [FakeRecord] {
        let dates = request["startDate"]!...request["endDate"]!
        return records.filter { record in
            dates.contains(record.date) && (!honoursFilter || request["bar_transf"].map { $0 == record.bus } ?? true)
        }
    }

    func answer(_ request: UpstreamRequest) -> String {
        let limit = min(Int(request["limit"]!)!, limitMax)
        let number = Int(request["page"]!)!
        let found = matching(request)
        let total = (found.count + limit - 1) / limit
        let place = (aliasesZero && number == 0 ? 1 : number) - base
        let from = place * limit
        let served = from >= 0 && from < found.count ? Array(found[from..<min(from + limit, found.count)]) : []
        return Self.body(served, total: total, page: number, limit: limit)
    }
}

extension UpstreamRequest {
    subscript(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// What a call came to.
struct Outcome {
    var end: CallEnd?
    var rows: [Row] = []
    var dropped = 0
    var quarantined: [QuarantinedRecord] = []
    var requests: [UpstreamRequest] = []

    var isProved: Bool { if case .proved = end { true } else { false } }
    var isUnproved: Bool { if case .unproved = end { true } else { false } }
    var times: Set<Int64> { Set(rows.map(\.time)) }
    var pages: [Int] { requests.map { Int($0["page"]!)! } }

    mutating func add(_ step: Step) {
        rows += step.rows
        dropped += step.dropped
        quarantined += step.quarantined
        end = step.end
    }
}

/// Carries a call out: `pick` names which outstanding request is answered next, `serve` gives its body, nil for one given up.
func carryOut(
    _ exchange: any Exchange, pick: (Int) -> Int = { _ in 0 }, serve: (UpstreamRequest) -> String?
) throws -> Outcome {
    var machine = exchange
    var outcome = Outcome()
    var waiting = machine.start()
    outcome.requests = waiting
    while outcome.end == nil, !waiting.isEmpty {
        let request = waiting.remove(at: pick(waiting.count))
        let step =
            if let body = serve(request) {
                try machine.received(UpstreamAnswer(body: Array(body.utf8)), to: request)
            } else {
                machine.gaveUp(on: request)
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
        dataset = cmg(zone: zone, nodes: CMG.chiloeNodes, rate: CMG.rate)
    }

    func day(_ date: String) -> Int { LocalDate(date)!.daysSince1970 }

    func exchange(_ shape: String, _ date: String, days: Int = 1, buses: [String] = [Bench.bus]) -> any Exchange {
        dataset.exchange(
            CallOrder(shape: shape, series: buses.map { SeriesKey([$0, "online"]) }, periods: day(date)..<day(date) + days))
    }

    func node(_ date: String, days: Int = 1) -> any Exchange { exchange("node", date, days: days) }
    func scan(_ date: String, buses: [String] = [Bench.bus]) -> any Exchange { exchange("scan", date, buses: buses) }

    /// The instant that a record of an ordinary hour stands for.
    func time(_ record: FakeRecord) -> Int64 {
        zone.instants(LocalDate(record.date)!, hour: record.hour, minute: record.minute)[0]
    }
}
