package import Bytes

/// Which tickers are followed, and since when and until when each trades under its name.
package struct EquityTickers: Sendable, Hashable {
    package struct Listing: Sendable, Hashable {
        /// As the upstream spells it: `BRK.B`, `KIMpL`.
        package let ticker: String
        /// The first day of trading under this name; nil where it is not known.
        package let from: LocalDate?
        /// The first day on which it is no longer traded under this name; nil where it is not known or not so yet.
        package let until: LocalDate?

        package init(ticker: String, from: LocalDate? = nil, until: LocalDate? = nil) {
            (self.ticker, self.from, self.until) = (ticker, from, until)
        }
    }

    /// In the order of their tickers, each once.
    package let listings: [Listing]

    /// The S&P 500 and twenty ETFs: what is followed where no file says otherwise.
    package static let builtIn: EquityTickers = {
        let words = beginnings.split(whereSeparator: \.isWhitespace)
        var from: [Substring: LocalDate] = [:]
        for at in stride(from: 0, to: words.count - 1, by: 2) { from[words[at]] = LocalDate(words[at + 1]) }
        let tickers = [sp500, etfs].flatMap { $0.split(whereSeparator: \.isWhitespace) }
        return EquityTickers(listings: tickers.map { Listing(ticker: String($0), from: from[$0]) })
    }()

    /// Of listings in any order, in which each ticker stands once.
    init(listings: [Listing]) { self.listings = listings.sorted { $0.ticker < $1.ticker } }

    /// The listing of a ticker as the upstream spells it; nil of one that is not in the list.
    package subscript(_ ticker: String) -> Listing? {
        var (low, high) = (0, listings.count)
        while low < high {
            let middle = (low + high) / 2
            if listings[middle].ticker < ticker { low = middle + 1 } else { high = middle }
        }
        return low < listings.count && listings[low].ticker == ticker ? listings[low] : nil
    }

    /// A ticker as the upstream spells it, out of a spelling in use: spaces around it are dropped, `-`, `/` or a space before the class
    /// (a `+` in many an address) becomes a dot (`BRK-B`, `BRK/B`: `BRK.B`), and small letters alone become capitals; where there are
    /// both, small letters have a meaning (`KIMpL`: a preferred share) and stay. nil of what is no ticker: other characters than letters,
    /// digits and dots, more than 12 of them, or not begun by a letter.
    package static func canonical(_ text: String) -> String? {
        let space = UInt8(ascii: " ")
        let separators = Array("-/ +".utf8)
        let trimmed = text.utf8.drop { $0 == space }.reversed().drop { $0 == space }.reversed()
        let bytes = trimmed.map { separators.contains($0) ? UInt8(ascii: ".") : $0 }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...12).contains(bytes.count), !bytes[0].isDigit, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isAlphanumeric) })
        else { return nil }
        let ticker = String(decoding: bytes, as: UTF8.self)
        return bytes.contains { (65...90).contains($0) } ? ticker : ticker.uppercased()
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (48...57).contains(self) }
    fileprivate var isAlphanumeric: Bool { isDigit || (65...90).contains(self) || (97...122).contains(self) }
}
