package import Bytes
package import Series

/// An input that cannot be taken: which field, and what was expected.
package struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
    package let field: String
    package let detail: String
    /// The name is well formed, but nothing bears it (404, where a malformed one is 400).
    package let isUnknownName: Bool

    package init(_ field: String, _ detail: String, isUnknownName: Bool = false) {
        self.field = field
        self.detail = detail
        self.isUnknownName = isUnknownName
    }

    package var description: String { "\(field): \(detail)" }
}

/// Selections as JSON, and dates as people write them.
package enum SelectionJSON {
    /// Reads a request's body. Unknown fields are errors: a misspelt filter must not widen what is asked for.
    /// `isStored`: one that was taken before; series that are no longer followed are no error in it.
    package static func read(_ body: JSONValue, datasets: [Dataset], isStored: Bool = false) throws(InputError) -> Selection {
        guard let members = body.object else { throw InputError("", "expected a JSON object") }
        guard let name = body["dataset"] else { throw InputError("dataset", "is required: one of \(names(datasets))") }
        guard let text = name.string else { throw InputError("dataset", "expected a string: one of \(names(datasets))") }
        let dataset = try dataset(text, among: datasets)
        var selection = Selection(dataset: dataset.name)
        for (field, value) in members {
            switch field {
            case "dataset": break
            case "from": selection.from = try optionalInstant(value, field, dataset.zone)
            case "to": selection.to = try optionalInstant(value, field, dataset.zone)
            case "mode": selection.mode = try mode(value)
            case "max_requests": selection.maxRequests = try maxRequests(value)
            case "dry_run": selection.dryRun = try bool(value, field)
            case let key where dataset.keys.contains(key) || dataset.labels.contains { $0.name == key }:
                selection.keys[key] = try canonical(try keyValues(value, key), key, dataset)
            case let word where dataset.hasWays && Selection.Ways.names.contains { $0.name == word }:
                for (name, way) in Selection.Ways.names where name == word { selection.ways[keyPath: way] = try bool(value, word) }
            default: throw InputError(field, "is not a field of a selection of \(dataset.name): \(fieldNames(dataset))")
            }
        }
        if !isStored { try check(selection, of: dataset) }
        return selection
    }

    /// The range makes sense, and every key value is one that is followed.
    package static func check(_ selection: Selection, of dataset: Dataset) throws(InputError) {
        if let from = selection.from, let to = selection.to, from > to {
            throw InputError("to", "must not be before from")
        }
        // A mistyped year must not become a plan of a hundred thousand calls.
        for (name, instant) in [("from", selection.from), ("to", selection.to)] {
            if let instant, !years.contains(instant) { throw InputError(name, "expected an instant from the year 2000 to 2099") }
        }
        for (name, values) in selection.keys {
            if let label = dataset.labels.first(where: { $0.name == name }) {
                for value in values where !label.values.contains(value) { throw noValue(value, of: name, dataset) }
            }
            // Where what is stored is followed, a series begins by being asked for.
            guard !dataset.followsStored, let place = dataset.keys.firstIndex(of: name) else { continue }
            let known = Set(dataset.followed.map { $0.values[place] })
            for value in values where !known.contains(value) {
                throw InputError(
                    name, "\(clipped(value)) is not followed here; followed are \(some(known.sorted()))",
                    isUnknownName: true)
            }
        }
        if let name = selection.keys.keys.sorted().first, !dataset.followsStored,
            !dataset.followed.contains(where: { dataset.selects($0, by: selection) })
        {
            throw InputError(name, "no followed series has these key values together", isUnknownName: true)
        }
    }

    package static func dataset(_ name: String, among datasets: [Dataset]) throws(InputError) -> Dataset {
        guard let dataset = datasets.first(where: { $0.name == name }) else {
            throw InputError("dataset", "there is no dataset \(clipped(name)); there are: \(names(datasets))", isUnknownName: true)
        }
        return dataset
    }

    /// A bare date is the first instant of that local day; an instant carries its offset (RFC 3339).
    package static func instant(_ text: String, field: String, zone: Zone) throws(InputError) -> Int64 {
        if let date = LocalDate(text) { return zone.start(of: date) }
        do {
            // Both ends of a half-open range: what lies between two seconds means the later one.
            let fraction = text.split(separator: ".").dropFirst().first?.prefix { $0.isNumber } ?? ""
            return try Timestamp.parse(text) + (fraction.contains { $0 != "0" } ? 1 : 0)
        } catch {
            throw InputError(field, "expected \(instantForms(in: zone))")
        }
    }

    /// How instants can be written, by examples of this zone.
    package static func instantForms(in zone: Zone) -> String {
        "a date (2025-12-01) or an instant with its offset (\(example(hour: 0, in: zone)))"
    }

    /// An hour of 2025-12-01 as this zone writes it.
    package static func example(hour: Int, in zone: Zone) -> String {
        let instant = zone.start(of: LocalDate(daysSince1970: 20_423)) + Int64(hour) * 3600
        return Timestamp.text(instant, offset: zone.offset(at: instant))
    }

    /// For storing and showing; reads back as the same selection.
    package static func write(_ selection: Selection, of dataset: Dataset, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("dataset")
        writer.string(selection.dataset)
        for (name, values) in selection.keys.sorted(by: { $0.key < $1.key }) {
            writer.key(name)
            writer.beginArray()
            for value in values { writer.string(value) }
            writer.endArray()
        }
        for (name, instant) in [("from", selection.from), ("to", selection.to)] {
            guard let instant else { continue }
            writer.key(name)
            writer.timestamp(instant, offset: dataset.zone.offset(at: instant))
        }
        writer.key("mode")
        writer.string(selection.mode.rawValue)
        let usual = Selection.Ways()
        for (name, way) in Selection.Ways.names where selection.ways[keyPath: way] != usual[keyPath: way] {
            writer.key(name)
            writer.bool(selection.ways[keyPath: way])
        }
        if let max = selection.maxRequests {
            writer.key("max_requests")
            writer.int(max)
        }
        if selection.dryRun {
            writer.key("dry_run")
            writer.bool(true)
        }
        writer.endObject()
    }

    package static func text(_ selection: Selection, of dataset: Dataset) -> String {
        var writer = JSONWriter()
        write(selection, of: dataset, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: Fields

    /// 2000-01-01 to 2100-01-01, UTC.
    private static let years: Range<Int64> = 946_598_400..<4_102_531_200

    /// What a client sent, short enough to be said back.
    static func clipped(_ text: String) -> String {
        text.utf8.count <= 80 ? text : String(text.prefix(60)) + "..."
    }

    /// All of a few; of many the first ten, and how many there are.
    private static func some(_ values: [String]) -> String {
        let most = 10
        let said = values.prefix(most).joined(separator: ", ")
        return values.count <= most ? said : "\(values.count), \(said) among them"
    }

    private static func names(_ datasets: [Dataset]) -> String { datasets.map(\.name).joined(separator: ", ") }

    private static func fieldNames(_ dataset: Dataset) -> String {
        let ways = dataset.hasWays ? Selection.Ways.names.map(\.name) : []
        return (["dataset"] + dataset.keys + dataset.labels.map(\.name) + ["from", "to", "mode"] + ways + ["max_requests", "dry_run"])
            .joined(separator: ", ")
    }

    private static func optionalInstant(_ value: JSONValue, _ field: String, _ zone: Zone) throws(InputError) -> Int64? {
        if value.isNull { return nil }
        guard let text = value.string else { throw InputError(field, "expected a date or an instant as a string") }
        return try instant(text, field: field, zone: zone)
    }

    private static func mode(_ value: JSONValue) throws(InputError) -> Selection.Mode {
        guard let mode = value.string.flatMap(Selection.Mode.init(rawValue:)) else {
            throw InputError("mode", "expected one of \(Selection.Mode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return mode
    }

    private static func maxRequests(_ value: JSONValue) throws(InputError) -> Int? {
        if value.isNull { return nil }
        guard let count = value.wholeNumber, count > 0, count <= 1_000_000_000 else {
            throw InputError("max_requests", "expected a whole number from 1 to 1000000000, or null")
        }
        return Int(count)
    }

    private static func bool(_ value: JSONValue, _ field: String) throws(InputError) -> Bool {
        guard let bool = value.bool else { throw InputError(field, "expected true or false") }
        return bool
    }

    /// What is said of a value that a key or label cannot have: which it can, where they are few.
    package static func noValue(_ value: String, of name: String, _ dataset: Dataset) -> InputError {
        let known = dataset.values(of: name)
        let told = known.isEmpty ? "" : "; there are \(some(known))"
        return InputError(name, "\(clipped(value)) is not a value of \(name)\(told)", isUnknownName: true)
    }

    /// In the one spelling that the dataset keeps.
    package static func canonical(_ values: [String], _ name: String, _ dataset: Dataset) throws(InputError) -> [String] {
        var result: [String] = []
        for value in values {
            guard let one = dataset.canonical(name, value) else {
                throw noValue(value, of: name, dataset)
            }
            if !result.contains(one) { result.append(one) }
        }
        return result.sorted()
    }

    /// A scalar is a list of one.
    private static func keyValues(_ value: JSONValue, _ field: String) throws(InputError) -> [String] {
        let elements = value.array ?? [value]
        var values: [String] = []
        for element in elements {
            guard let text = element.string ?? element.numberText else {
                throw InputError(field, "expected a string, or a list of strings")
            }
            values.append(text)
        }
        guard !values.isEmpty, values.count <= 10_000 else { throw InputError(field, "expected 1 to 10000 values") }
        return values
    }
}
