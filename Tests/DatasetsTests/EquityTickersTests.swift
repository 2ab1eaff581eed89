import Bytes
import TestSupport
import Testing

@testable import Datasets

@Suite("Tickers of equities")
struct EquityTickersTests {
    // MARK: The list that is built in

    @Test func theListHoldsTheFiveHundredAndTheTwenty() {
        let tickers = EquityTickers.builtIn.listings.map(\.ticker)
        let index = EquityTickers.sp500.split(whereSeparator: \.isWhitespace)
        let funds = EquityTickers.etfs.split(whereSeparator: \.isWhitespace)
        #expect(index.count == 503 && funds.count == 20)
        #expect(tickers.count == 523 && Set(tickers).count == 523, "no ticker stands twice")
        #expect(tickers == tickers.sorted())
        for ticker in tickers { #expect(EquityTickers.canonical(ticker) == ticker, "\(ticker)") }
    }

    @Test func theListKnowsWhatWasRenamedAndWhatLeft() {
        let list = EquityTickers.builtIn
        for ticker in ["META", "ELV", "PSKY", "BRK.B", "BF.B", "GEV", "SOLV", "KVUE", "VLTO", "GOOG", "GOOGL", "SPY", "SOXL"] {
            #expect(list[ticker]?.ticker == ticker, "\(ticker)")
        }
        for ticker in ["FB", "ANTM", "VIAC", "PARA", "TWTR", "SIVB", "FRC", "KSU", "BRK-B", "meta", "", "ZZZ"] {
            #expect(list[ticker] == nil, "\(ticker)")
        }
    }

    @Test func everyBeginningIsOfATickerOfTheListAndOfADay() {
        let words = EquityTickers.beginnings.split(whereSeparator: \.isWhitespace)
        #expect(words.count == 108)
        for (ticker, text) in zip(words, words.dropFirst()) where LocalDate(text) != nil {
            let from = EquityTickers.builtIn[String(ticker)]?.from
            #expect(from == LocalDate(text) && (from?.year ?? 0) >= 2019, "\(ticker)")
            #expect(from.map(NYSECalendar.builtIn.isSession) == true, "\(ticker) begins on a session")
        }
        #expect(EquityTickers.builtIn.listings.count { $0.from != nil } == 54)
        #expect(EquityTickers.builtIn.listings.allSatisfy { $0.until == nil })
        #expect(EquityTickers.builtIn["META"]?.from == LocalDate("2022-06-09") && EquityTickers.builtIn["AAPL"]?.from == nil)
    }

    // MARK: Spellings

    @Test(arguments: [
        ("AAPL", "AAPL"), ("  aapl ", "AAPL"), ("BRK.B", "BRK.B"), ("BRK-B", "BRK.B"), ("BRK/B", "BRK.B"), ("BRK B", "BRK.B"),
        ("brk.b", "BRK.B"), ("brk-b", "BRK.B"), ("KIMpL", "KIMpL"), ("kimpl", "KIMPL"), ("ACHR.WS.A", "ACHR.WS.A"), ("a", "A"),
        ("A1", "A1"), ("ABCDEFGHIJKL", "ABCDEFGHIJKL"),
    ])
    func aSpellingIsTheUpstreams(text: String, ticker: String) { #expect(EquityTickers.canonical(text) == ticker) }

    @Test(arguments: [
        "", " ", "1A", ".A", "A.", "-A", "A-", "BRK..B", "BRK - B", "BRK_B", "BRK.B,C", "ABCDEFGHIJKLM", "É", "ÅB", "A\tB", "A\n", "#A",
        "^GSPC", "A\0",
    ])
    func whatIsNoTickerIsNone(text: String) { #expect(EquityTickers.canonical(text) == nil) }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func theUpstreamsSpellingIsItsOwn(_ seed: UInt64) {
        var dice = Seeded(seed)
        let letters = Array("ABpz09.-/ #é")
        var count = 0
        for _ in 0..<2000 {
            let text = String((0..<1 + dice.below(14)).map { _ in letters[dice.below(letters.count)] })
            guard let ticker = EquityTickers.canonical(text) else { continue }
            count += 1
            #expect(EquityTickers.canonical(ticker) == ticker, "\(text)")
            #expect(ticker.utf8.count <= 12 && ticker.first?.isLetter == true && !ticker.contains { "-/ #é".contains($0) }, "\(text)")
        }
        #expect(count > 20)
    }

    // MARK: A list of one's own

    @Test func aListOfOnesOwnReplacesTheOther() throws {
        let list = try EquityTickers(csv: Array("ticker\nmsft\nBRK-B\nAAPL\n".utf8))
        #expect(list.listings == ["AAPL", "BRK.B", "MSFT"].map { EquityTickers.Listing(ticker: $0) })
    }

    @Test func aRenameIsTwoLines() throws {
        let list = try EquityTickers(csv: Array("ticker,from,until\nFB,2012-05-18,2022-06-09\nMETA,2022-06-09,\n".utf8))
        #expect(list["FB"]?.from == LocalDate("2012-05-18") && list["FB"]?.until == LocalDate("2022-06-09"))
        #expect(list["META"]?.from == LocalDate("2022-06-09") && list["META"]?.until == nil)
    }

    @Test(arguments: [
        "until,ticker,from\r\n2022-06-09,FB,2012-05-18\r\n", "\n\nfrom,until,ticker\n\n2012-05-18,2022-06-09,fb\n\n\n",
        "ticker,until,from\n\r\n  \n\"FB\",\"2022-06-09\",2012-05-18",
    ])
    func columnsComeInAnyOrderAndLinesMayBeBlank(text: String) throws {
        let list = try EquityTickers(csv: Array(text.utf8))
        let expected = EquityTickers.Listing(ticker: "FB", from: LocalDate("2012-05-18"), until: LocalDate("2022-06-09"))
        #expect(list.listings == [expected])
    }

    @Test(arguments: [
        ("", 1, "header"), ("\n\n", 1, "header"), ("symbol\nA\n", 1, "header"), ("from,until\n", 1, "header"),
        ("\nticker,ticker\n", 2, "header"), ("ticker,name\n", 1, "header"), ("ticker\n", 1, "ticker"),
        ("ticker\n\n# mine\nA\n", 3, "ticker"), ("ticker\nA\n\nB_\n", 4, "ticker"), ("ticker\nBRK.B\n\nbrk-b\n", 4, "ticker"),
        ("ticker,from\nA,2022-02-30\n", 2, "from"), ("ticker,from\n\nA,1/2/2022\n", 3, "from"),
        ("ticker,from,until\nA,,2022-6-9\n", 2, "until"), ("ticker,from,until\nA,2022-06-09,2022-06-09\n", 2, "until"),
        ("ticker,from\nA,\n\nB\n", 4, "column 1"), ("ticker\n\nA\"\n", 3, "column 2"), ("\u{FEFF}ticker\nA\n", 1, "column 1"),
    ])
    func whatIsWrongWithAListIsNamed(text: String, line: Int, field: String) {
        let refusal = #expect(throws: TableRefusal.self) { try EquityTickers(csv: Array(text.utf8)) }
        #expect(refusal?.line == line && refusal?.field == field, "\(String(describing: refusal))")
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func aListIsReadAsItWasWritten(_ seed: UInt64) throws {
        var dice = Seeded(seed)
        var listings = EquityTickers.builtIn.listings.filter { _ in dice.chance(50) }.map { listing in
            let from = dice.chance(50) ? LocalDate(daysSince1970: 10_000 + dice.below(5000)) : nil
            return EquityTickers.Listing(
                ticker: listing.ticker, from: from, until: dice.chance(50) ? LocalDate(daysSince1970: 15_001 + dice.below(5000)) : nil)
        }
        let expected = listings
        listings.shuffle(using: &dice)
        let lines = listings.map { "\($0.until.map { "\($0)" } ?? ""),\($0.ticker),\($0.from.map { "\($0)" } ?? "")\n" }
        let text = "until,ticker,from\n" + lines.map { dice.chance(20) ? "\n" + $0 : $0 }.joined()
        let list = try EquityTickers(csv: Array(text.utf8))
        #expect(list.listings == expected)
    }
}
