import Testing
import TestSupport

@testable import Bytes

@Suite("Decimals are exact")
struct DecimalTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("0.0", "0"), ("1", "1"), ("-1.50", "-1.5"), ("100", "100"), ("100.00", "100"), ("0.05", "0.05"),
        ("57.18", "57.18"), ("1e3", "1000"), ("1E+3", "1000"), ("1.25e1", "12.5"), ("125e-2", "1.25"), ("-5e-1", "-0.5"),
        ("1000000000000000000000e-10", "100000000000"), ("0.000000000000000001", "0.000000000000000001"), ("0e999999999999", "0"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("1.000000000000000000000000000000", "1"), ("100.5", "100.5"), ("-922337203685477580.8", "-922337203685477580.8"),
        ("9.223372036854775807", "9.223372036854775807"), ("12345678.87654321", "12345678.87654321"),
    ])
    func readsAndWrites(_ text: String, _ canonical: String) throws {
        #expect(try #require(Decimal(text)).description == canonical)
        #expect(Decimal(utf8: Array(text.utf8)) == Decimal(canonical))
    }

    @Test(arguments: [
        "", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+", "1.e3", "0x1", " 1", "1 ", "1,5", "NaN", "Infinity", "--1", "1-", "1.2.3",
        "9223372036854775808", "-9223372036854775809", "1e19", "0.0000000000000000001", "1.0000000000000000001", "1e-19",
        "123456789012345678901234567890", "1e999999999999999999999", "１",
    ])
    func refuses(_ text: String) { #expect(Decimal(text) == nil) }

    @Test func equalNumbersAreEqualValues() throws {
        #expect(Decimal("1.50") == Decimal("1.5"))
        #expect(Set([Decimal("2.0"), Decimal("2"), Decimal("200e-2")]).count == 1)
        #expect(try #require(Decimal(mantissa: 1500, scale: 3)) == #require(Decimal("1.5")))
        #expect(Decimal(mantissa: 5, scale: -2) == Decimal("500"))
        #expect(Decimal(mantissa: 1, scale: 19) == nil)
        #expect(Decimal(mantissa: 10, scale: 19)?.description == "0.000000000000000001")
    }

    @Test func ordersAcrossScales() throws {
        let ascending = try ["-9223372036854775808", "-1.1", "-1", "-0.000000000000000001", "0", "0.05", "0.5", "9223372036854775807"]
            .map { try #require(Decimal($0)) }
        #expect(ascending.shuffled().sorted() == ascending)
    }

    @Test func fourQuartersMakeAnExactHour() throws {
        let quarters = try ["57.18231", "57.18", "0", "113.40002"].map { try #require(Decimal($0)) }
        #expect(Decimal.mean(of: quarters)?.description == "56.9405825")
        #expect(Decimal.mean(of: []) == nil)
    }

    @Test func aMeanThatDoesNotEndIsRounded() throws {
        #expect(Decimal.mean(of: [1, 1, 0].map { Decimal($0) })?.description == "0.666666666666666667")
        #expect(Decimal.mean(of: [Decimal(Int64.max), Decimal(Int64.max), Decimal(Int64.max - 1)])?.description == "9223372036854775807")
    }

    @Test(arguments: [
        ("0.5", 0, "0"), ("1.5", 0, "2"), ("2.5", 0, "2"), ("-2.5", 0, "-2"), ("-1.5", 0, "-2"), ("1.25", 1, "1.2"),
        ("1.2500001", 1, "1.3"), ("9.99", 1, "10"), ("7", 3, "7"), ("0.4999", 0, "0"),
    ])
    func roundsHalfEven(_ text: String, _ places: Int, _ rounded: String) throws {
        #expect(try #require(Decimal(text)).rounded(to: places).description == rounded)
    }

    @Test func sumsThatDoNotFitAreNil() throws {
        #expect((Decimal(Int64.max) + .one) == nil)
        #expect((Decimal(Int64.min) - .one) == nil)
        #expect(try #require(Decimal("0.1")) + #require(Decimal("0.2")) == Decimal("0.3"))
        #expect(try #require(Decimal("1.5")) * #require(Decimal("0.2")) == Decimal("0.3"))
    }

    @Test func everyValueSurvivesItsText() throws {
        var random = Seeded(7)
        print("seed 7")
        for _ in 0..<5000 {
            let mantissa = Int64(bitPattern: random.next()) >> Int64(random.next() % 64)
            let value = try #require(Decimal(mantissa: mantissa, scale: Int(random.next() % 19)))
            #expect(Decimal(value.description) == value)
            #expect(!value.description.contains("e"))
            #expect(value.scale == 0 || value.mantissa % 10 != 0)
        }
    }

    @Test(arguments: [
        ("1", "3", 4, "0.3333"), ("2", "3", 4, "0.6667"), ("-2", "3", 4, "-0.6667"), ("2", "-3", 0, "-1"), ("1", "8", 2, "0.12"),
        ("3", "8", 2, "0.38"), ("10", "2.5", 4, "4"), ("0.000000000000000001", "1", 0, "0"), ("0", "7", 4, "0"), ("1", "0", 4, nil),
        ("9000000000000000000", "0.01", 0, nil), ("9000000000000000000", "0.000000000000000001", 18, nil),
    ] as [(String, String, Int, String?)])
    func dividesHalfEven(_ dividend: String, _ divisor: String, _ places: Int, _ quotient: String?) throws {
        #expect(try #require(Decimal(dividend)).divided(by: try #require(Decimal(divisor)), places: places)?.description == quotient)
    }
}
