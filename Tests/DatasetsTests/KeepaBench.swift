import Bytes
import Foundation
import Series

@testable import Datasets

/// The dataset under test, and answers of its upstream.
struct KeepaBench {
    /// 2026-05-10 04:19:28 UTC, when the whole answer was recorded.
    static let now: Int64 = 1_778_386_768
    static let minute = now / 60 - KeepaHistory.epoch

    let options: Keepa.Options
    let dataset: Dataset

    init(_ options: Keepa.Options = Keepa.Options()) {
        self.options = options
        dataset = keepa(zone: .utc, options: options)
    }

    func order(
        _ shape: Keepa.Shape, _ asins: [String], groups: [Keepa.Group]? = nil, now: Int64 = KeepaBench.now, planned: Int64? = nil,
        atOnce: Int = .max
    ) -> CallOrder {
        let groups = groups ?? (shape == .light ? [.current] : Keepa.Group.allCases)
        let period = dataset.periods.slot(containing: planned ?? now)
        return CallOrder(
            shape: shape.rawValue, series: asins.flatMap { asin in groups.map { SeriesKey([asin, $0.rawValue]) } },
            periods: period..<period + 1, now: now, subjectsAtOnce: atOnce)
    }

    func call(_ order: CallOrder) -> any Exchange { dataset.exchange(order) }

    /// An envelope around product objects.
    static func answer(_ products: [String], at instant: Int64 = now) -> String {
        "{\"timestamp\": \(instant)884, \"tokensLeft\": 94, \"refillIn\": 53441, \"refillRate\": 5, \"tokenFlowReduction\": 0.5,"
            + " \"tokensConsumed\": 4, \"processingTimeInMs\": 1, \"products\": [\(products.joined(separator: ", "))]}"
    }

    /// A product with these prices by type; other types have none.
    static func product(
        _ asin: String, current: [Int: Int] = [1: 1499, 3: 23], title: String? = "A thing", updated: Int = 100, count: Int = 36,
        stats more: String = "\"salesRankDrops30\": 3, \"totalOfferCount\": 5", beside: String = ""
    ) -> String {
        let figures = (0..<count).map { "\(current[$0] ?? -1)" }.joined(separator: ",")
        let name = title.map { "\"\($0)\"" } ?? "null"
        return "{\"asin\": \"\(asin)\", \"title\": \(name), \"lastUpdate\": \(updated), \"csv\": null, "
            + "\"stats\": {\"current\": [\(figures)]" + (more.isEmpty ? "" : ", ") + more + "}" + beside + "}"
    }

    /// A product as it is read.
    static func read(_ text: String, withHistory: Bool = true) throws -> KeepaProduct {
        var reader = try JSONReader(Array(text.utf8))
        let product = try KeepaProduct.read(&reader, withHistory: withHistory)
        try reader.end()
        return product
    }

    /// The row of it.
    func row(_ text: String, _ shape: Keepa.Shape = .light, _ group: Keepa.Group = .current, at instant: Int64 = now) throws -> [Value] {
        KeepaRow(options: options, shape: shape, instant: instant)
            .values(try Self.read(text, withHistory: shape == .heavy), group)
    }

    /// A recorded file, where the machine has them (`GAPLESS_REAL_DATA`).
    static func recorded(_ name: String) throws -> [UInt8]? {
        guard let root = ProcessInfo.processInfo.environment["GAPLESS_REAL_DATA"] else {
            print("SKIPPED: keepa/\(name) is not read, GAPLESS_REAL_DATA is not set")
            return nil
        }
        return Array(try Data(contentsOf: URL(filePath: "\(root)/keepa/\(name)")))
    }

    static func asins(_ count: Int) -> [String] { (0..<count).map { "B" + String(repeating: "0", count: 9 - "\($0)".count) + "\($0)" } }
}

extension [Value] {
    /// By the column's name.
    subscript(_ name: String) -> Value { self[Keepa.schema(Keepa.Options()).index(of: name)!] }
}

extension Value {
    static func money(_ text: String) -> Value { .decimal(Decimal(text)!) }
}
