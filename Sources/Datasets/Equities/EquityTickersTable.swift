internal import Bytes

/// The tickers' table that a person wrote: CSV (RFC 4180, UTF-8) with a header of `ticker` and, where wanted, `from` and `until`, in any
/// order. Unlike other CSV it may have blank lines, by which people part a long list.
struct EquityTickersTable {
    private static let columns = ["ticker", "from", "until"]

    private var reader: CSVReader
    /// The numbers of the text's lines that are not blank, which are all that the reader sees.
    private let numbers: [Int]
    /// Where each column stands, by its name.
    private var places: [String: Int] = [:]

    private init(_ text: [UInt8]) throws(TableRefusal) {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .filter { line in !line.element.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") } }
        numbers = lines.map { $0.offset + 1 }
        do throws(CSVError) { reader = try CSVReader(lines.flatMap { $0.element + [UInt8(ascii: "\n")] }) } catch {
            throw TableRefusal(line: error.line, field: "column \(error.column)", reason: error.reason.rawValue)
        }
    }

    static func read(_ text: [UInt8]) throws(TableRefusal) -> [EquityTickers.Listing] {
        var table = try EquityTickersTable(text)
        try table.readHeader()
        var listings: [EquityTickers.Listing] = []
        var lines: [String: Int] = [:]
        while true {
            let line = table.line
            guard try table.nextRow() else { break }
            let listing = try table.listing(on: line)
            if let earlier = lines.updateValue(line, forKey: listing.ticker) {
                throw TableRefusal(line: line, field: "ticker", reason: "\(listing.ticker) stands on line \(earlier) already")
            }
            listings.append(listing)
        }
        if listings.isEmpty { throw TableRefusal(line: table.line, field: "ticker", reason: "expected one ticker at least") }
        return listings
    }

    /// The line of the text on which the reader is; behind its end the last.
    private var line: Int { line(of: reader.line) }

    private func line(of readerLine: Int) -> Int {
        readerLine <= numbers.count ? numbers[readerLine - 1] : numbers.last ?? 1
    }

    private mutating func nextRow() throws(TableRefusal) -> Bool {
        do throws(CSVError) { return try reader.nextRow() } catch {
            throw TableRefusal(line: line(of: error.line), field: "column \(error.column)", reason: error.reason.rawValue)
        }
    }

    private mutating func readHeader() throws(TableRefusal) {
        let line = line
        let isRow = try nextRow()
        let names = isRow ? (0..<reader.count).map { reader.text($0) } : []
        for (place, name) in names.enumerated() { places[name] = place }
        guard places["ticker"] != nil, places.count == names.count, names.allSatisfy(Self.columns.contains) else {
            throw TableRefusal(line: line, field: "header", reason: "expected ticker, and from and until where wanted")
        }
    }

    private func listing(on line: Int) throws(TableRefusal) -> EquityTickers.Listing {
        guard let ticker = places["ticker"].flatMap({ EquityTickers.canonical(reader.text($0)) }) else {
            throw TableRefusal(line: line, field: "ticker", reason: "expected a ticker, such as AAPL or BRK.B")
        }
        let (from, until) = (try date("from", line), try date("until", line))
        if let from, let until, until <= from {
            throw TableRefusal(line: line, field: "until", reason: "expected a day after \(from), on which \(ticker) begins")
        }
        return EquityTickers.Listing(ticker: ticker, from: from, until: until)
    }

    private func date(_ column: String, _ line: Int) throws(TableRefusal) -> LocalDate? {
        guard let text = places[column].map({ reader.text($0) }), !text.isEmpty else { return nil }
        guard let date = LocalDate(text) else { throw TableRefusal(line: line, field: column, reason: "expected YYYY-MM-DD, or nothing") }
        return date
    }
}

extension EquityTickers {
    /// The list of a CSV text (RFC 4180, UTF-8, blank lines allowed) with a header of `ticker`, `from` and `until` in any order, of which
    /// only `ticker` must be. Dates are YYYY-MM-DD or empty, `until` is the first day without the ticker. Each ticker stands once, in
    /// whatever spelling (`canonical`), and there is one at least.
    package init(csv: [UInt8]) throws(TableRefusal) { self.init(listings: try EquityTickersTable.read(csv)) }
}
