import Testing
import TestSupport

@testable import Bytes

@Suite struct ISODurationTests {
    @Test(arguments: [
        ("PT1H", 3600), ("P10D", 864_000), ("PT0S", 0), ("P0D", 0), ("P2W", 1_209_600), ("P1DT2H30M15S", 95_415),
        ("PT90M", 5400), ("PT36H", 129_600),
    ] as [(String, Int64)])
    func reads(text: String, seconds: Int64) throws {
        #expect(try ISODuration.parse(text) == seconds)
    }

    @Test(arguments: [
        ("", .malformed), ("P", .malformed), ("PT", .malformed), ("1H", .malformed), ("P1H", .malformed), ("PT1D", .malformed),
        ("P1DT", .malformed),
        ("PT1", .malformed), ("PTH", .malformed), ("PT1S1M", .malformed), ("PT1H1H", .malformed), ("P1W1D", .malformed),
        ("P1D1W", .malformed),
        ("P1WT1H", .malformed), ("-P1D", .malformed), ("P-1D", .malformed), ("PT1.5S", .malformed), ("pt1h", .malformed),
        ("PT1H ", .malformed),
        ("PTT1H", .malformed), ("P1Y", .calendarUnit), ("P1M", .calendarUnit), ("P1Y2DT1H", .calendarUnit),
        ("P99999999999999999999D", .tooLong),
        ("P9223372036854775807D", .tooLong), ("P106751991167300DT9223372036854775H", .tooLong),
    ] as [(String, ISODurationError)])
    func refuses(text: String, error: ISODurationError) {
        #expect(throws: error) { try ISODuration.parse(text) }
    }

    @Test func writesAndReadsBack() throws {
        #expect(ISODuration.text(3600) == "PT1H")
        #expect(ISODuration.text(864_000) == "P10D")
        #expect(ISODuration.text(90_061) == "P1DT1H1M1S")
        #expect(ISODuration.text(-5) == "PT0S")
        for seed in 0..<2_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let seconds = Int64.random(in: 0...(.max), using: &random) >> Int64.random(in: 0...62, using: &random)
            #expect(try ISODuration.parse(ISODuration.text(seconds)) == seconds, "seed \(seed)")
        }
    }

    @Test func randomBytesNeverCrash() {
        for seed in 0..<20_000 as Range<UInt64> {
            var random = Seeded(seed, isTold: false)
            let length = Int.random(in: 0...12, using: &random)
            let text = "P" + String((0..<length).map { _ in "0123456789TDHMSWY".randomElement(using: &random)! })
            guard let seconds = try? ISODuration.parse(text) else { continue }
            #expect(seconds >= 0, "seed \(seed)")
        }
    }
}
