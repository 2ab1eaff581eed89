/// Prometheus's text form, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), family by family.
struct MetricsText {
    private(set) var text = ""
    private var family = ""

    /// All samples of a family follow it.
    mutating func family(_ name: String, _ type: String, _ help: String) {
        family = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    mutating func sample(_ labels: [(String, String)], _ value: Double) { line("", Self.pairs(labels), Self.number(value)) }

    mutating func sample(_ labels: [(String, String)], _ value: Int) { line("", Self.pairs(labels), "\(value)") }

    mutating func sample(_ value: Double) { sample([], value) }

    mutating func sample(_ value: Int) { sample([], value) }

    /// A series that was written out where it is counted: a name, and its labels in braces.
    mutating func sample(series: String, _ value: Int) { text += "\(series) \(value)\n" }

    /// `bounds`: upper ones, of all counts but the last. `labels` as they stand in braces.
    mutating func histogram(_ labels: String, bounds: [Double], counts: [Int], sum: Double) {
        let separator = labels.isEmpty ? "" : ","
        var total = 0
        for (bound, count) in zip(bounds.map { "\($0)" } + ["+Inf"], counts) {
            total += count
            line("_bucket", "\(labels)\(separator)le=\"\(bound)\"", "\(total)")
        }
        line("_sum", labels, "\(sum)")
        line("_count", labels, "\(total)")
    }

    private mutating func line(_ suffix: String, _ labels: String, _ value: String) {
        text += labels.isEmpty ? "\(family)\(suffix) \(value)\n" : "\(family)\(suffix){\(labels)} \(value)\n"
    }

    static func pairs(_ labels: [(String, String)]) -> String {
        labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
    }

    /// Whole numbers without a fraction: `3`, `0.25`.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
