/// The one writer of tables for people. Given a width it never writes a line that is wider: a long text is cut short, then columns that
/// can be spared are left out, and where even the rest is too wide, each row becomes lines of its own.
struct TextTable {
    enum Side { case left, right }

    struct Column {
        let title: String
        var side = Side.left
        /// 0: always shown. Else left out where it does not fit, the highest first.
        var spare = 0
        /// May be cut short.
        var isElastic = false
    }

    /// What a row says at a glance, where colours can be shown (ECMA-48, SGR).
    enum Tint: Int {
        case good = 32
        case fair = 33
        case bad = 31
    }

    let columns: [Column]
    private(set) var rows: [[String]] = []
    private var tints: [Tint?] = []

    /// An elastic column is not cut to less.
    private static let elasticLeast = 12
    private static let between = "  "

    init(_ columns: [Column]) { self.columns = columns }

    /// One cell for each column.
    mutating func add(_ cells: [String], tint: Tint? = nil) {
        precondition(cells.count == columns.count, "a row has a cell for each column")
        rows.append(cells.map(ShownText.safe))
        tints.append(tint)
    }

    /// `width` nil: as wide as it is.
    func lines(width: Int?, inColour: Bool = false) -> [String] {
        var shown = Array(columns.indices)
        let natural = columns.indices.map { place in
            max(ShownText.columns(columns[place].title), rows.map { ShownText.columns($0[place]) }.max() ?? 0)
        }
        guard let width else { return table(shown, natural, inColour) }
        while true {
            if let widths = fitted(shown, natural, to: width) { return table(shown, widths, inColour) }
            guard let next = shown.filter({ columns[$0].spare > 0 }).max(by: { columns[$0].spare < columns[$1].spare }) else { break }
            shown.removeAll { $0 == next }
        }
        return records()
    }

    /// nil where they do not fit.
    private func fitted(_ shown: [Int], _ natural: [Int], to width: Int) -> [Int]? {
        var widths = natural
        let gaps = Self.between.count * max(0, shown.count - 1)
        let excess = shown.reduce(gaps) { $0 + natural[$1] } - width
        if excess <= 0 { return widths }
        guard let elastic = shown.first(where: { columns[$0].isElastic }) else { return nil }
        guard natural[elastic] - excess >= Self.elasticLeast else { return nil }
        widths[elastic] -= excess
        return widths
    }

    private func table(_ shown: [Int], _ widths: [Int], _ inColour: Bool) -> [String] {
        func line(_ cells: [String]) -> String {
            var line = shown.map { place in
                ShownText.padded(
                    ShownText.clipped(cells[place], to: widths[place]), to: widths[place], onLeft: columns[place].side == .right)
            }.joined(separator: Self.between)
            while line.last == " " { line.removeLast() }
            return line
        }
        return [line(columns.map(\.title))] + zip(rows, tints).map { cells, tint in
            guard inColour, let tint else { return line(cells) }
            return "\u{1B}[\(tint.rawValue)m\(line(cells))\u{1B}[0m"
        }
    }

    private func records() -> [String] {
        let width = columns.map { ShownText.columns($0.title) }.max() ?? 0
        let blocks = rows.map { row in
            columns.indices.filter { !row[$0].isEmpty }.map { place in
                ShownText.padded(columns[place].title, to: width) + Self.between + row[place]
            }
        }
        return Array(blocks.joined(separator: [""]))
    }
}
