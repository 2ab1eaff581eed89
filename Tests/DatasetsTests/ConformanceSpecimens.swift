import Bytes
import Conformance
import Series
import TestSupport

@testable import Datasets

// MARK: cmg

/// A day of a bus by each call, beside a stranger's.
func cmgSpecimen(_ dataset: Dataset) throws -> Specimen {
    let bench = try Bench()
    let date = "2025-12-01"
    let day = bench.day(date)
    let bus = "CHILOE________110"
    // In one page, and some of them in several.
    let calls = [(4000, CMGSource.allCases), (30, [.online, .pid])].flatMap { size, sources in sources.flatMap { source in
        source.shapes.map { shape in
            var records = FakeRecord.day(date, bus: bus)
            for index in records.indices { records[index].version = source == .real ? "REAL-DEF" : "EN LINEA" }
            if source.isProgramme { records = programme(records.filter { $0.minute == 0 }) }
            let strangers = shape.kind == .sweep ? Array(records.prefix(8)) : []
            let rows = records.map { record in
                Row(series: 0, time: bench.time(record), values: values(of: record, source, bench))
            }
            let served = source.isProgramme ? named(records) : records
            let listing = FakeListing(
                records: served + strangers.map { strange($0) }, base: shape.kind == .sweep ? 1 : 0, limitMax: size)
            return SpecimenCall(
                shape.name, of: dataset, [SeriesKey([bus, source.rawValue])], periods: day..<day + 1,
                requests: 41, rows: rows, answer: listing.answer)
        }
    } }
    return Specimen(dataset, calls)
}

private func strange(_ record: FakeRecord) -> FakeRecord {
    var record = record
    record.bus = "STRANGER______220"
    return record
}

private func programme(_ hours: [FakeRecord]) -> [FakeRecord] {
    hours.map { hour in
        var hour = hour
        (hour.issueDate, hour.issueHour) = (hour.date, 0)
        return hour
    }
}

/// Programmes have names of their own.
private func named(_ records: [FakeRecord]) -> [FakeRecord] {
    records.map { record in
        var record = record
        record.bus = ProgrammeNodes.builtIn[record.bus] ?? record.bus
        return record
    }
}

private func values(of record: FakeRecord, _ source: CMGSource, _ bench: Bench) -> [Value] {
    let usd = Value.decimal(Decimal(record.usd)!)
    if source.isProgramme {
        let issued = bench.zone.start(of: LocalDate(record.date)!)
        return [usd, .null, .text(source.rawValue.uppercased()), .integer(issued)]
    }
    return [usd, .decimal(Decimal("54.1")!), .text(record.version), source == .real ? .integer(1) : .null]
}

// MARK: kraken

func krakenSpecimen(_ dataset: Dataset) throws -> Specimen {
    let hour = 489_660
    let slots = hour..<hour + 12
    let candles = FakeCandles(interval: 3600, first: Int64(hour - 30) * 3600, current: Int64(hour + 20) * 3600)
    let traded = slots.filter { !candles.quiet(Int64($0)) }.map { slot in
        let price = 100 + slot % 50
        let prices = ["\(price).5", "\(price + 2)", "\(price).1", "\(price + 1)", "\(price).7", "1.5"]
        return Row(
            series: 0, time: Int64(slot) * 3600,
            values: prices.map { .decimal(Decimal($0)!) } + [.integer(2), .text("api")])
    }
    var dice = Seeded(5, isTold: false)
    let minutes = hour * 60..<hour * 60 + 120
    let tape = FakeTape(trades: FakeTape.random(minutes.lowerBound - 60..<minutes.upperBound + 60, count: 60, &dice))
    let made = [5, 60].enumerated().flatMap { tape.rows($0.element, series: $0.offset, in: minutes) }
    return Specimen(dataset, [
        SpecimenCall(
            "ohlc", of: dataset, [SeriesKey(["XBTUSD", "60"])], periods: slots.lowerBound * 60..<slots.upperBound * 60, rows: traded,
            answer: candles.answer),
        SpecimenCall(
            "trades", of: dataset, [SeriesKey(["XBTUSD", "5"]), SeriesKey(["XBTUSD", "60"])], periods: minutes,
            now: Int64(minutes.upperBound + 500) * 60, rows: made, answer: tape.answer),
    ])
}

// MARK: accounts

func accountsSpecimen(_ dataset: Dataset) throws -> Specimen {
    let day = LocalDate("2025-06-01")!.daysSince1970
    let names = ["1001", "1002", "acc-7"]
    let more = #", "netProfit": 1.25, "status": 1, "tags": ["a", "b"]"#
    let hours = names.flatMap { name in [0, 7, 23].map { FakeMetric(account: name, hour: $0, trades: 1 + $0, more: more) } }
    let days = names.map { FakeMetric(account: $0, trades: 33, more: more) }
    let upstream = FakeMetrics(records: hours + days)
    let start = Int64(day) * 86_400

    /// Trades and profit, and what has no column, of so many columns.
    func values(_ trades: Int, _ columns: Int) -> [Value] {
        var values = Array(repeating: Value.null, count: columns)
        values[0] = .integer(Int64(trades))
        values[1] = .decimal(Decimal("1.25")!)
        values[10] = .integer(1)
        values[columns - 1] = .text(#"{"tags":["a","b"]}"#)
        return values
    }
    var roster = Array(repeating: Value.null, count: 22)
    (roster[0], roster[21]) = (.integer(99), .text(#"{"accounts": 3}"#))
    func call(
        _ shape: String, _ series: [SeriesKey], _ rows: [Row], found: [FoundRow] = [], requests: Int? = nil,
        answer: (@Sendable (UpstreamRequest) -> String?)? = nil
    ) -> SpecimenCall {
        SpecimenCall(
            shape, of: dataset, series, periods: day..<day + 1, requests: requests, rows: rows, found: found,
            answer: answer ?? { upstream.answer($0) })
    }
    let all = names.map { FoundRow(key: SeriesKey([$0, "day"]), time: start, values: values(33, 22)) }
    let told = [Row(series: 0, time: start, values: roster)]
    return Specimen(dataset, [
        call("hours", names.map { SeriesKey([$0, "hour"]) }, hours.map { hour in
            let at = start + Int64(hour.hour!) * 3600
            return Row(series: names.firstIndex(of: hour.account)!, time: at, values: values(hour.trades, 20))
        }),
        call("days", names.map { SeriesKey([$0, "day"]) }, names.indices.map { Row(series: $0, time: start, values: values(33, 22)) }),
        call("roster", [SeriesKey(["*", "day"])], told, found: all),
        // Pages that meet, and an upstream that does not count.
        call("roster", [SeriesKey(["*", "day"])], told, found: all, requests: 2) {
            FakeMetrics(records: days, limitMax: 2).answer($0)
        },
        call("roster", [SeriesKey(["*", "day"])], told, found: all) { FakeMetrics(records: days, body: .bare).answer($0) },
    ])
}

// MARK: equities

/// A short session and a holiday are among the days.
func equitiesSpecimen(_ dataset: Dataset) throws -> Specimen {
    let bench = try EquitiesBench()
    let days = ["2024-06-26", "2024-06-27", "2024-06-28", "2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"].map(bench.day)
    let now = bench.evening("2024-07-05")
    func row(_ series: Int, _ day: Int, volume: String) -> Row {
        let prices = ["10.5", "11.25", "10", "11", volume, "10.7512"]
        let values = prices.map { Value.decimal(Decimal($0)!) } + [.integer(96)]
        return Row(series: series, time: bench.sessions.start(day), values: values)
    }
    let bars = days.map { FakeBar(day: $0, volume: "\(1000 + $0)") }
    /// nil for the address of a next page that a spoilt answer made up.
    @Sendable func serve(_ request: UpstreamRequest, page: Int, repeats: Bool) -> String? {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count == 9, parts[3] == "AAPL", let to = LocalDate(parts[8]), to.daysSince1970 < 40_000 else { return nil }
        let instant = Int64(parts[7]).flatMap { (0..<4_000_000_000_000).contains($0) ? $0 / 1000 : nil }
        guard let from = LocalDate(parts[7]) ?? instant.map(bench.zone.day(at:)), from <= to else { return nil }
        return bench.serve(bars, page: page, repeats: repeats)(request)
    }
    let short = bench.day("2024-07-03")
    let close = bench.zone.first(LocalDate(daysSince1970: short), minute: 13 * 60) * 1000
    let session = bench.body(["ZZZ", "BRK.B", "AAPL"].map { FakeBar(ticker: $0, day: short).json(close) })
    return Specimen(dataset, [
        SpecimenCall(
            "ticker", of: dataset, [SeriesKey(["AAPL"])], periods: days[0]..<bench.day("2024-07-04"), now: now,
            rows: days.map { row(0, $0, volume: "\(1000 + $0)") }, answer: { serve($0, page: 50_000, repeats: false) }),
        SpecimenCall(
            "ticker", of: dataset, [SeriesKey(["AAPL"])], periods: days[0]..<bench.day("2024-07-06"), now: now, requests: 3, pageRows: 3,
            rows: days.map { row(0, $0, volume: "\(1000 + $0)") }, answer: { serve($0, page: 3, repeats: true) }),
        SpecimenCall(
            "session", of: dataset, [SeriesKey(["AAPL"]), SeriesKey(["BRK.B"])], periods: short..<short + 1, now: now,
            rows: [row(0, short, volume: "642646.396"), row(1, short, volume: "642646.396")]
        ) { $0.path.hasSuffix("2024-07-03") ? session : nil },
    ])
}

// MARK: keepa

/// Three products by each call, told in another order and beside a stranger.
func keepaSpecimen(_ dataset: Dataset) throws -> Specimen {
    let asins = KeepaBench.asins(3)
    let stranger = KeepaBench.product("B999999999")
    let answer: @Sendable (UpstreamRequest) -> String? = { request in
        guard let named = request.query.first(where: { $0.name == "asin" })?.value.split(separator: ",") else { return nil }
        return KeepaBench.answer(named.reversed().map { KeepaBench.product(String($0)) } + [stranger])
    }
    let period = dataset.periods.slot(containing: KeepaBench.now)
    let calls = [("light", ["current"]), ("heavy", ["current", "history"])].map { shape, groups in
        let series = asins.flatMap { asin in groups.map { SeriesKey([asin, $0]) } }
        let rows = series.enumerated().map { index, key in
            let ruler = dataset.calendar(of: key).ruler
            let isCurrent = key.values[1] == "current"
            // What needs a history: a light answer does not carry it, and this product has none.
            let history = Array(repeating: shape == "light" ? Value.kept : .null, count: 3)
            let priced: [Value] = [.money("14.99"), .text("new"), .integer(23), .integer(5), .integer(3)]
            // What depends on it.
            let derived = isCurrent ? history : Array(repeating: Value.null, count: 3)
            let beside: [Value] = [.kept, .kept, .integer(1)]
            let none = { (values: [Value]) in values.map { _ in Value.null } }
            return Row(
                series: index, time: ruler.start(of: ruler.slot(containing: KeepaBench.now)),
                values: [.text("A thing")] + (isCurrent ? priced : none(priced)) + history + derived + [.integer(KeepaBench.now)]
                    + (isCurrent ? beside : none(beside)) + [history[0]])
        }
        return SpecimenCall(
            shape, of: dataset, series, periods: period..<period + 1, now: KeepaBench.now, rows: rows, answer: answer)
    }
    return Specimen(dataset, calls)
}
