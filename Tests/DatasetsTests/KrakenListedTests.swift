import Bytes
import Series
import Testing

@testable import Datasets

/// What becomes of a call that is told that there is no such pair.
@Suite("Kraken's list of pairs")
struct KrakenListedTests {
    private static let unknown = #"{"error":["EQuery:Unknown asset pair"]}"#
    private static let minutes = 29_379_600..<29_379_660
    private static let order = CallOrder(shape: "ohlc", series: [SeriesKey(["XBTUSD", "1"])], periods: minutes)

    private static func list(_ pairs: String...) -> String {
        let entries = pairs.map { #""X\#($0)":{"altname":"\#($0)","base":"X","quote":"ZUSD","status":"online"}"# }
        return #"{"error":[],"result":{\#(entries.joined(separator: ","))}}"#
    }

    private static let candles = FakeCandles(
        first: Int64(minutes.lowerBound - 3) * 60, current: Int64(minutes.upperBound + 2) * 60, quiet: { _ in false })

    @Test(arguments: ["ohlc", "trades"]) func aPairThatIsNotListedIsGone(_ shape: String) throws {
        let order = CallOrder(shape: shape, series: Self.order.series, periods: Self.minutes)
        for listed in [
            Self.list("ETHUSD", "XBTUSDT"), Self.list("XBTUSD", "ETHUSD").replacing("online", with: "delisted"),
        ] {
            let outcome = try carryOut(krakenExchange(order)) { $0.path == "/0/public/AssetPairs" ? listed : Self.unknown }
            #expect(outcome.isGone && outcome.isProved && outcome.end == .proved("Kraken lists no pair XBTUSD"))
            #expect(outcome.rows.isEmpty && outcome.witnessed?.isEmpty == true, "nothing is proved of any minute")
            #expect(outcome.requests.map(\.path) == [order.shape == "ohlc" ? "/0/public/OHLC" : "/0/public/Trades", "/0/public/AssetPairs"])
            #expect(outcome.requests.allSatisfy { $0.scope == "XBTUSD" } && outcome.requests[1].query.isEmpty)
        }
    }

    @Test func aPairThatIsListedIsAskedForAgain() throws {
        var refusals = 1
        let outcome = try carryOut(krakenExchange(Self.order)) { request in
            if request.path == "/0/public/AssetPairs" { return Self.list("ETHUSD", "XBTUSD") }
            refusals -= 1
            return refusals >= 0 ? Self.unknown : Self.candles.answer(request)
        }
        #expect(outcome.isProved && !outcome.isGone && outcome.rows.count == 60 && outcome.requests.count == 3)
        // Refused once more: a fault as others, and the list is not asked for again.
        refusals = 2
        do {
            _ = try carryOut(krakenExchange(Self.order)) { request in
                request.path == "/0/public/AssetPairs" ? Self.list("XBTUSD") : Self.unknown
            }
            Issue.record("a refusal went through")
        } catch let defect as AnswerDefect {
            #expect(defect.kind == .server && defect.reason.contains("lists XBTUSD"))
        }
    }

    @Test func withoutTheListNothingIsKnown() throws {
        let outcome = try carryOut(krakenExchange(Self.order)) { $0.path == "/0/public/AssetPairs" ? nil : Self.unknown }
        #expect(outcome.isUnproved && !outcome.isGone && outcome.witnessed?.isEmpty == true)
        let empty = try carryOut(krakenExchange(Self.order), givesDefectsUp: true) {
            $0.path == "/0/public/AssetPairs" ? #"{"error":[],"result":{}}"# : Self.unknown
        }
        #expect(empty.isUnproved && !empty.isGone, "no list has no pairs at all")
    }
}
