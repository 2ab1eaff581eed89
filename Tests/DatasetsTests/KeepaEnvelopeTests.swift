import Bytes
import Series
import Testing

@testable import Datasets

@Suite("What answers tell of tokens")
struct KeepaEnvelopeTests {
    @Test func anEnvelopeIsReadWhateverIsInIt() {
        let body = KeepaBench.answer([KeepaBench.product("B000000000")])
        let reading = TokenReading(left: 94, consumed: 4, refillPerMinute: 4.5, refillIn: 53.441, saidAt: 1_778_386_768.884)
        #expect(KeepaEnvelope.read(Array(body.utf8)) == reading)
        // As 429 is answered: less than nothing is left.
        let refusal = """
            {"timestamp": 1778386768884, "tokensLeft": -231, "refillIn": 12000, "refillRate": 5, "tokenFlowReduction": 7.5,
            "tokensConsumed": 0, "processingTimeInMs": 0, "error": {"type": "NOT_ENOUGH_TOKEN", "tokensLeft": 9}}
            """
        #expect(
            KeepaEnvelope.read(Array(refusal.utf8))
                == TokenReading(left: -231, consumed: 0, refillPerMinute: 0, refillIn: 12, saidAt: 1_778_386_768.884))
        #expect(
            KeepaEnvelope.read(Array("{\"tokensLeft\": 1.5}".utf8))
                == TokenReading(left: 1.5, consumed: 0, refillPerMinute: nil, refillIn: nil))
    }

    @Test(arguments: ["", "null", "[]", "<html></html>", "{}", "{\"tokensLeft\": \"5\"}", "{\"tokensLeft\": null}", "{\"tokensLeft\": 5"])
    func whatTellsNothing(body: String) { #expect(KeepaEnvelope.read(Array(body.utf8)) == nil) }

    @Test func theRecordedStatus() throws {
        guard let status = try KeepaBench.recorded("api/token_status_recorded.json") else { return }
        #expect(
            KeepaEnvelope.read(status)
                == TokenReading(left: 1200, consumed: 0, refillPerMinute: 20, refillIn: 39.592, saidAt: 1_780_141_957.832))
    }

    /// Skimming comes to the same as reading all of it.
    @Test func theRecordedAnswer() throws {
        guard let body = try KeepaBench.recorded("api/product_B0D8W1YVBX_stats_buybox_rating_history.json") else { return }
        let whole = try JSONValue(parsing: body)
        func number(_ name: String) -> Double? { whole[name]?.double }
        let reading = try #require(KeepaEnvelope.read(body))
        #expect(reading.left == number("tokensLeft") && reading.consumed == number("tokensConsumed"))
        #expect(reading.refillPerMinute == 60 && reading.refillIn == 53.441 && reading.left == 94 && reading.consumed == 4)
    }
}
