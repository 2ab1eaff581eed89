import Bytes
import Foundation
import Testing

@testable import Sandbox

/// A desk on a clock that stands, with many tokens, without unknown products and failing offers.
func makeKeepa(_ now: Int64 = wednesday, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) throws -> Desk {
    try Desk(keepaConfiguration(now, change))
}

func keepaConfiguration(_ now: Int64 = wednesday, _ change: (inout Sandbox.Configuration) -> Void = { _ in }) -> Sandbox.Configuration {
    var configuration = Sandbox.Configuration()
    configuration.clockStart = now
    configuration.clockSpeed = 0
    configuration.keepa.refillRate = 10_000
    (configuration.faults.keepa.unknownRate, configuration.faults.keepa.failedOffersRate) = (0, 0)
    change(&configuration)
    return configuration
}

/// So many ASINs.
func someASINs(_ count: Int) -> [String] { (0..<count).map { "B0TEST" + String(format: "%04d", $0) } }

struct KeepaPage {
    let body: JSONValue
    let products: [JSONValue]

    init(_ answer: Answer, _ status: Int = 200) throws {
        try #require(answer.status == status, "\(String(decoding: answer.body.prefix(200), as: UTF8.self))")
        body = try JSONValue(parsing: answer.body, limit: 10_000_000)
        products = body["products"]?.array ?? []
        #expect(answer.tokens == consumed)
        for name in ["timestamp", "tokensLeft", "refillIn", "refillRate", "processingTimeInMs"] {
            #expect(body[name]?.int != nil, "\(name)")
        }
        #expect(body["tokenFlowReduction"]?.double != nil)
    }

    var consumed: Int { Int(body["tokensConsumed"]?.int ?? -99) }
    var left: Int { Int(body["tokensLeft"]?.int ?? -9_999) }
    var asins: [String] { products.compactMap { $0["asin"]?.string } }
    var error: String? { body["error"]?["type"]?.string }
}

extension JSONValue {
    /// Whole numbers; nil where it is no list of them.
    var ints: [Int]? {
        guard let array else { return nil }
        let ints = array.compactMap { $0.int.map { Int($0) } }
        return ints.count == array.count ? ints : nil
    }

    func current(_ type: Int) -> Int? { self["stats"]?["current"]?.ints?[type] }
    func csv(_ type: Int) -> [Int]? { self["csv"]?.array?[type].ints }
}

extension Desk {
    func keepaAnswer(_ asins: [String], _ query: String = "", key: String = "k") -> Answer {
        polygonAnswer("/keepa/product?key=\(key)&domain=1&asin=\(asins.joined(separator: ","))\(query)")
    }

    func products(_ asins: [String], _ query: String = "", key: String = "k") throws -> KeepaPage {
        try KeepaPage(keepaAnswer(asins, query, key: key))
    }

    func product(_ asin: String, _ query: String = "") throws -> JSONValue {
        try #require(try products([asin], query).products.first)
    }

    func keepaTruth(_ query: KeyValuePairs<String, String>) throws -> [JSONValue] {
        let pairs = query.map { (name: $0.key, value: $0.value) } + [(name: "dataset", value: "keepa")]
        let answer = answer("GET", Question(path: "/_sandbox/truth", query: pairs))
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        return try answer.body.split(separator: 10).map { try JSONValue(parsing: Array($0)) }
    }

    func setKeepa(_ faults: String) { #expect(putFaults(#"{"keepa":\#(faults)}"#) == 200, "\(faults)") }

    func plan(_ json: String) throws -> JSONValue {
        try JSONValue(parsing: answer("PUT", Question(path: "/_sandbox/keepa", query: []), body: Array(json.utf8)).body)
    }
}
