/// Text as a terminal shows it: how many columns it takes, and nothing in it that would be more than text.
enum ShownText {
    /// Columns: two for what East Asian text and pictures take (Unicode UAX 11, wide and fullwidth), none for marks that stand on
    /// the letter before.
    static func columns(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + columns($1) } }

    /// Control characters and the like are shown as `?`: what an upstream or a client wrote must not reach a terminal as a command.
    static func safe(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: shown.append("?")
            // Marks of direction would turn round what stands beside them.
            case .format: shown.append("?")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// At most so many columns, the last of them dots where something is left out.
    static func clipped(_ text: String, to most: Int) -> String {
        if columns(text) <= most { return text }
        var kept = ""
        var used = 0
        for character in text {
            let width = columns(String(character))
            if used + width > most - 1 { break }
            kept.append(character)
            used += width
        }
        return kept + "…"
    }

    static func padded(_ text: String, to width: Int, onLeft: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - columns(text)))
        return onLeft ? space + text : text + space
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD,
    ]
}
