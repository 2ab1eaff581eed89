internal import Bytes
internal import HTTP
internal import Ingest

/// A query's parameters, each taken by name. What is wrong is gathered, so that one answer names all of it; a name that
/// nobody knows is wrong too, since a misspelt filter must not widen what is asked for.
struct QueryInput {
    private var values: [(name: String, value: String)] = []
    private var errors: [Problem.Detail] = []

    /// `known`: the parameters of the resource.
    init(_ request: Request, known: [String]) {
        for pair in request.query {
            if known.contains(pair.name) {
                values.append((pair.name, pair.value))
            } else {
                let expected = known.isEmpty ? "the resource has none" : "expected one of \(known.joined(separator: ", "))"
                wrong(pair.name, "is not a parameter of this resource: \(expected)")
            }
        }
    }

    /// So many errors are told at most: each is as long as the list of names that it tells.
    private static let errorsMax = 20

    mutating func wrong(_ name: String, _ detail: String) {
        if errors.count == Self.errorsMax { return }
        errors.append(Problem.Detail(.parameter(name), detail))
    }

    /// The one value of a parameter; nil where it is absent or wrong.
    mutating func text(_ name: String) -> String? {
        let given = values.filter { $0.name == name }
        if given.count > 1 { wrong(name, "expected once, given \(given.count) times") }
        guard let value = given.first?.value else { return nil }
        if value.isEmpty {
            wrong(name, "expected a value")
            return nil
        }
        return value
    }

    /// Values of a repeatable parameter, commas between values allowed; nil where it is absent.
    mutating func list(_ name: String) -> [String]? {
        let given = values.filter { $0.name == name }
        if given.isEmpty { return nil }
        var seen: Set<String> = []
        var list: [String] = []
        for value in given.flatMap({ $0.value.split(separator: ",", omittingEmptySubsequences: false) }) {
            if value.isEmpty {
                wrong(name, "expected values between the commas, none of them empty")
                return nil
            }
            if seen.insert(String(value)).inserted { list.append(String(value)) }
        }
        if list.count > 10_000 { wrong(name, "expected at most 10000 values") }
        return list
    }

    mutating func instant(_ name: String, in zone: Zone, isRequired: Bool = false) -> Int64? {
        guard let text = text(name) else {
            if isRequired && !values.contains(where: { $0.name == name }) {
                wrong(name, "is required: \(SelectionJSON.instantForms(in: zone))")
            }
            return nil
        }
        do {
            return try SelectionJSON.instant(text, field: name, zone: zone)
        } catch {
            wrong(name, error.detail)
            return nil
        }
    }

    mutating func int(_ name: String, in range: ClosedRange<Int>, otherwise: Int) -> Int { int(name, in: range) ?? otherwise }

    /// nil where it is absent or wrong.
    mutating func int(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(name) else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text), range.contains(value) else {
            wrong(name, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    mutating func choice(_ name: String, of words: [String]) -> String? {
        guard let text = text(name) else { return nil }
        if words.contains(text) { return text }
        wrong(name, "expected one of \(words.joined(separator: ", "))")
        return nil
    }

    /// Throws all that was wrong, as one problem.
    func end() throws(Failure) {
        guard let first = errors.first, case .parameter(let name) = first.place else { return }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        throw Failure(.invalidInput, "\(name): \(first.detail)\(more)", errors: errors)
    }
}
