import Bytes
import Series
import Testing
import TestSupport

@testable import Datasets

/// Every fault of the listings, any of them at once.
struct FaultMix {
    var empty = 0
    var emptyLast = 0
    var short = 0
    var omitTotal = 0
    var drift = 0
    var shuffle = 0
    var lost = 0
    var garble = 0
    var isGrowing = false
    var refusesFilter = false

    init() {}

    init(_ random: inout Seeded) {
        func rate(_ most: Int, _ random: inout Seeded) -> Int { random.chance(30) ? Int.random(in: 1...most, using: &random) : 0 }
        empty = rate(30, &random)
        emptyLast = rate(30, &random)
        short = rate(30, &random)
        omitTotal = rate(100, &random)
        drift = rate(30, &random)
        shuffle = random.chance(15) ? 100 : 0
        lost = rate(15, &random)
        garble = random.chance(15) ? Int.random(in: 1...5, using: &random) : 0
        isGrowing = random.chance(15)
        refusesFilter = random.chance(10)
    }

    var isHarmless: Bool {
        empty + emptyLast + short + omitTotal + drift + shuffle + lost + garble == 0 && !isGrowing && !refusesFilter
    }
}

/// One call against a listing that lies in every way at once: never proved wrongly, never more than was planned.
@Suite("Every fault in any mix")
struct MixTests {
    let bench: Bench
    let wanted = ["CHILOE________220", "QUELLON_______110", "DALCAHUE______110"]

    init() throws { bench = try Bench() }

    private struct Case {
        var shape = ""
        var listing = FakeListing(records: [])
        var faults = FaultMix()
        var planned = 0
        var buses: [String] = []
    }

    private func records(_ source: CMGSource, _ random: inout Seeded) -> [FakeRecord] {
        let strangers = (0..<Int.random(in: 1...6, using: &random)).map { "STRANGER\($0)_____110" }
        var records: [FakeRecord] = []
        for bus in wanted + strangers {
            let hours = FakeRecord.day("2025-12-01", bus: bus)
            switch source {
            case .online: records += hours
            case .real:
                let isMixed = random.chance(30)
                records += hours.map {
                    FakeRecord(bus: bus, date: $0.date, hour: $0.hour, minute: $0.minute, usd: $0.usd, version: "REAL-DEF")
                }
                if isMixed {
                    records += hours.map { FakeRecord(bus: bus, date: $0.date, hour: $0.hour, minute: $0.minute, version: "REAL-PRE") }
                }
            case .pid, .pcp:
                for issue in 0..<Int.random(in: 1...4, using: &random) {
                    records += hours.filter { $0.minute == 0 }.map {
                        FakeRecord(
                            bus: bus, date: $0.date, hour: $0.hour, minute: 0, usd: "1\(issue)\($0.hour).5", issueDate: "2025-11-30",
                            issueHour: issue)
                    }
                }
            }
        }
        let cut = random.chance(70) ? Int.random(in: 0...records.count, using: &random) : 0
        if random.chance(50) { records.shuffle(using: &random) }
        records.removeLast(random.chance(10) ? records.count : cut)
        return records
    }

    private func makeCase(_ random: inout Seeded) -> Case {
        var one = Case()
        let source = CMGSource.allCases.randomElement(using: &random)!
        let isFiltered = !source.isProgramme && random.chance(50)
        one.shape = source.rawValue + (isFiltered ? "-node" : "-scan")
        one.buses = isFiltered ? [wanted[0]] : wanted
        one.listing.records = records(source, &random)
        one.listing.base = isFiltered ? 0 : Int.random(in: 0...1, using: &random)
        one.listing.aliasesZero = one.listing.base == 1 && random.chance(50)
        one.listing.refusesZero = one.listing.base == 1 && !one.listing.aliasesZero && random.chance(50)
        one.listing.honoursFilter = random.chance(90)
        one.listing.limitMax = [7, 17, 60, 250, 1000].randomElement(using: &random)!
        if random.chance(20) { one.listing.ceiling = [1000, 2000, 3999].randomElement(using: &random)! }
        one.faults = random.chance(20) ? FaultMix() : FaultMix(&random)
        one.planned = random.chance(50) ? .max : Int.random(in: 1...40, using: &random)
        return one
    }

    private func serve(_ one: Case, _ random: inout Seeded, _ listing: inout FakeListing, _ request: UpstreamRequest) -> String? {
        let faults = one.faults
        if random.chance(faults.lost) { return nil }
        if faults.refusesFilter, request["bar_transf"] != nil { return nil }
        if faults.shuffle > 0 { listing.records.shuffle(using: &random) }
        if faults.isGrowing, random.chance(20), listing.records.count < one.listing.records.count {
            listing.records = Array(one.listing.records.prefix(listing.records.count + 9))
        }
        guard let body = listing.outcome(request) else { return nil }
        let page = listing.served(request)
        if faults.empty + faults.emptyLast + faults.short + faults.omitTotal + faults.drift + faults.garble == 0 { return body }
        var records = page.records.map { $0.json }
        var total: Int? = page.total
        let isLast = page.records.count < page.limit
        if random.chance(faults.empty) { (records, total) = ([], nil) }
        if isLast, random.chance(faults.emptyLast) { records = [] }
        if random.chance(faults.short) { records = Array(records.prefix(records.count / 2)) }
        if random.chance(faults.omitTotal) { total = nil }
        if let said = total, random.chance(faults.drift) { total = max(0, said + [-3, -2, -1, 1, 2, 3].randomElement(using: &random)!) }
        for place in records.indices where random.chance(faults.garble) {
            let field = ["barra_transf", "fecha_minuto", "cmg_usd_mwh", "fecha_hora", "llave_cmg"].randomElement(using: &random)!
            records[place] = records[place].split(separator: field, omittingEmptySubsequences: false).joined(separator: "x_" + field)
        }
        let said = total.map { #", "totalPages": \#($0)"# } ?? ""
        return #"{"data": [\#(records.joined(separator: ", "))]\#(said), "page": \#(page.number), "limit": \#(page.limit)}"#
    }

    private func places(_ records: some Sequence<FakeRecord>, _ buses: [String]) -> Set<String> {
        Set(records.compactMap { record in
            guard let place = buses.firstIndex(of: record.bus) else { return nil }
            let rank = record.issueDate.map { _ in String(record.issueHour) } ?? record.version
            return "\(place) \(bench.time(record)) \(Decimal(record.usd)!) \(rank)"
        })
    }

    private func places(_ rows: [Row]) -> Set<String> {
        let midnight = bench.zone.start(of: LocalDate("2025-11-30")!)
        return Set(rows.map { row in
            guard case .decimal(let usd) = row.values[0], case .text(var rank) = row.values[2] else { return "no price" }
            if rank.hasPrefix("P"), case .integer(let issued) = row.values[3] { rank = String((issued - midnight) / 3600) }
            return "\(row.series) \(row.time) \(usd) \(rank)"
        })
    }

    /// What must be there where a call says that it saw all: the highest rank of every slot.
    private func highest(_ records: [FakeRecord]) -> [FakeRecord] {
        var best: [String: FakeRecord] = [:]
        for record in records {
            let slot = "\(record.bus) \(record.stamp)"
            let rank = { (one: FakeRecord) in one.issueDate == nil ? (one.version == "REAL-PRE" ? 0 : 1) : one.issueHour }
            if let held = best[slot], rank(held) >= rank(record) { continue }
            best[slot] = record
        }
        return Array(best.values)
    }

    private func run(_ seed: UInt64) throws -> Outcome {
        var random = Seeded(seed, isTold: false)
        let one = makeCase(&random)
        var nodes = ProgrammeNodes.builtIn
        let table = "node,programme_key\n" + wanted.enumerated().map { "\($1),\($0 == 1 ? "" : "BA S/E ")\($1)\n" }.joined()
        nodes = try nodes.extended(byCSV: Array(table.utf8))
        let dataset = cmg(zone: bench.zone, following: CMG.Following(programmeNodes: nodes), rate: CMG.rate)
        let source = String(one.shape.prefix { $0 != "-" })
        let day = bench.day("2025-12-01")
        let order = CallOrder(
            shape: one.shape, series: one.buses.map { SeriesKey([$0, source]) }, periods: day..<day + 1, requests: one.planned)
        var listing = one.listing
        if one.faults.isGrowing { listing.records.removeLast(listing.records.count / 3) }
        let atFirst = listing.records
        var picking = random
        let outcome = try carryOut(dataset.exchange(order), pick: { Int.random(in: 0..<$0, using: &picking) }, givesDefectsUp: true) {
            serve(one, &random, &listing, $0)
        }
        let told: Comment = "seed \(seed): \(one.shape) \(one.listing.limitMax) \(one.faults) -> \(String(describing: outcome.end))"
        let truth = places(one.listing.records, one.buses)
        let rows = places(outcome.rows)
        #expect(outcome.end != nil, told)
        #expect(rows.isSubset(of: truth), told)
        if outcome.isProved {
            // What a listing grew by while it was read may or may not be among them.
            #expect(rows.isSuperset(of: places(highest(atFirst), one.buses)), told)
        }
        #expect(outcome.firstAsks <= one.planned, told)
        #expect(Set(outcome.requests).count == outcome.requests.count, told)
        if one.faults.isHarmless, one.planned == .max, one.listing.honoursFilter || !one.shape.hasSuffix("node"),
            one.listing.records.count < 400 * one.listing.limitMax / (one.shape.hasSuffix("node") ? 8 : 1)
        {
            #expect(outcome.isProved, told)
        }
        let pages = one.listing.records.count / one.listing.limitMax + 1
        #expect(outcome.requests.count <= 2 * (pages + 2) + 24, told)
        return outcome
    }

    @Test func nothingIsEverProvedWronglyAndNothingIsSpentBeyondThePlan() throws {
        let seeds: Range<UInt64> = 0..<2000
        print("seeds \(seeds)")
        var ends: [String: Int] = [:]
        for seed in seeds {
            switch try run(seed).end {
            case .proved: ends["proved", default: 0] += 1
            case .unproved: ends["unproved", default: 0] += 1
            case .shapeUnusable: ends["unusable", default: 0] += 1
            case .costlier: ends["costlier", default: 0] += 1
            case .tooWide: ends["wide", default: 0] += 1
            case nil: ends["none", default: 0] += 1
            }
        }
        print("ends \(ends)")
        for end in ["proved", "unproved", "unusable", "costlier"] { #expect((ends[end] ?? 0) > 50, "\(ends)") }
    }
}
