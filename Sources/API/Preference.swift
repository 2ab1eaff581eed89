/// What a `Prefer` field asks for (RFC 7240).
enum Preference {
    /// The most seconds that an answer is held back.
    static let waitMax = 30

    /// Seconds of `wait=N`, cut to the most; nil where it is not asked for. What is malformed is not there, as the RFC has it,
    /// and of several the first counts.
    static func wait(_ field: String?) -> Int? {
        guard let field else { return nil }
        for preference in field.utf8.split(separator: UInt8(ascii: ",")) {
            // Parameters of a preference follow a semicolon; `wait` has none.
            let pair = (preference.split(separator: UInt8(ascii: ";")).first ?? Substring("").utf8[...])
                .split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(trimmed)
            guard pair.count == 2, pair[0].lowercased() == "wait" else { continue }
            var digits = pair[1][...]
            if digits.utf8.count >= 2, digits.hasPrefix("\""), digits.hasSuffix("\"") { digits = digits.dropFirst().dropLast() }
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return min(waitMax, Int(digits) ?? waitMax)
        }
        return nil
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var text = bytes.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text = text.dropLast() }
        return String(Substring(text))
    }
}
