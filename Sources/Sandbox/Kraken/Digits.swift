/// Whole numbers of the last decimal as text.
enum Digits {
    /// `1234` of two decimals as `12.34`, and with `width` of four as `12.3400`: zeros behind, never fewer than its own decimals.
    static func fixed(_ units: Int64, _ decimals: Int, width: Int = 0) -> String {
        var digits = String(units)
        if decimals > 0 {
            while digits.utf8.count <= decimals { digits = "0" + digits }
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: -decimals))
        }
        if width <= decimals { return digits }
        return digits + (decimals == 0 ? "." : "") + String(repeating: "0", count: width - decimals)
    }

    /// A volume as the API writes it: eight decimals, or more where they are not zeros.
    static func volume(_ units: Int64, _ decimals: Int) -> String {
        var (units, decimals) = (units, decimals)
        while decimals > 8, units % 10 == 0 { (units, decimals) = (units / 10, decimals - 1) }
        return fixed(units, decimals, width: 8)
    }

    /// Without zeros behind.
    static func plain(_ units: Int64, _ decimals: Int) -> String {
        let (units, decimals) = cut(units, decimals)
        return fixed(units, decimals)
    }

    /// A price as the archive writes it: `122.0`, `0.059`, and below a ten-thousandth `1.188e-05`.
    static func archivePrice(_ units: Int64, _ decimals: Int) -> String {
        let (units, decimals) = cut(units, decimals)
        let digits = String(units)
        let exponent = digits.utf8.count - 1 - decimals
        if units > 0, exponent < -4 {
            let mantissa = digits.utf8.count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
            return "\(mantissa)e-\(exponent > -10 ? "0" : "")\(-exponent)"
        }
        return fixed(units, decimals, width: 1)
    }

    /// A volume as the archive writes it: `4.45753564`, `5709`, and with zeros before the point `5.125E+4`.
    static func archiveVolume(_ units: Int64, _ decimals: Int) -> String {
        let (short, places) = cut(units, decimals)
        guard places == 0, short > 0, short % 10 == 0 else { return fixed(short, places) }
        let digits = String(short)
        let figures = digits.trimmed
        return "\(figures.prefix(1))\(figures.count > 1 ? "." : "")\(figures.dropFirst())E+\(digits.utf8.count - 1)"
    }

    private static func cut(_ units: Int64, _ decimals: Int) -> (Int64, Int) {
        var (units, decimals) = (units, decimals)
        while decimals > 0, units % 10 == 0 { (units, decimals) = (units / 10, decimals - 1) }
        return (units, decimals)
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = self[...]
        while text.hasSuffix("0") { text.removeLast() }
        return text
    }
}
