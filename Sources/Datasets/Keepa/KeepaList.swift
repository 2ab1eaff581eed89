/// The products that a person wrote down to be followed: ASINs, one a line or with commas between them; from `#` to the end of a line is a
/// comment. What stands twice is taken once.
package struct KeepaList: Sendable, Equatable {
    /// In their order.
    package let asins: [String]

    package static let most = 1_000_000

    /// - Parameter text: UTF-8.
    /// - Throws: the line, which counts from 1, that holds what is no ASIN, or one too many.
    package init(_ text: [UInt8]) throws(TableRefusal) {
        var asins: [String] = []
        var seen: Set<String> = []
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = text.starts(with: mark) ? text.dropFirst(mark.count) : text[...]
        for (index, line) in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let told = line.prefix { $0 != UInt8(ascii: "#") }
            for field in told.split(separator: UInt8(ascii: ",")) {
                let written = AccountName.trimmed(String(decoding: field, as: UTF8.self))
                if written.isEmpty { continue }
                guard let asin = Keepa.asin(written) else {
                    let shown = String(written.unicodeScalars.prefix(20).map { $0.properties.isWhitespace ? " " : Character($0) })
                    throw TableRefusal(line: index + 1, field: "asin", reason: "'\(shown)' is not ten letters and digits")
                }
                guard seen.insert(asin).inserted else { continue }
                if asins.count == Self.most {
                    throw TableRefusal(line: index + 1, field: "asin", reason: "more than \(Self.most) products")
                }
                asins.append(asin)
            }
        }
        self.asins = asins
    }
}
