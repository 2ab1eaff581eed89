internal import CPostgres

/// The answer to one statement; owns libpq's result and frees it.
package final class Rows {
    let result: OpaquePointer
    package let count: Int
    private lazy var places: [String: Int] = {
        var places: [String: Int] = [:]
        for (i, name) in columns.enumerated() where places[name] == nil { places[name] = i }
        return places
    }()

    init(owning result: OpaquePointer) {
        self.result = result
        count = Int(PQntuples(result))
    }

    deinit { PQclear(result) }

    /// Names in the statement's order.
    package var columns: [String] { (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) } }

    package var isEmpty: Bool { count == 0 }

    /// Rows inserted, updated, deleted, selected or copied.
    package var affected: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// The server's word for what was done ("INSERT 0 3").
    var tag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    package subscript(_ index: Int) -> Row {
        precondition(index >= 0 && index < count, "row \(index) of \(count)")
        return Row(rows: self, index: Int32(index))
    }

    package var first: Row? { count > 0 ? self[0] : nil }

    /// The only row. Throws `RowError.rowCount` where there is another number of them.
    package func only() throws(RowError) -> Row {
        if count != 1 { throw .rowCount(count) }
        return self[0]
    }

    func place(_ column: Column) throws(RowError) -> Int32 {
        switch column {
        case .at(let index):
            if index < 0 || index >= Int(PQnfields(result)) { throw .noColumn("\(index)") }
            return Int32(index)
        case .named(let name):
            guard let index = places[name] else { throw .noColumn(name) }
            return Int32(index)
        }
    }
}

extension Rows: Sequence {
    package struct Iterator: IteratorProtocol {
        let rows: Rows
        var index = 0

        package mutating func next() -> Row? {
            if index == rows.count { return nil }
            defer { index += 1 }
            return rows[index]
        }
    }

    package func makeIterator() -> Iterator { Iterator(rows: self) }
    package var underestimatedCount: Int { count }
}

/// Which column: a literal index or name, or `.at(i)`, `.named(s)`. The index is quicker where there are many rows.
package enum Column: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, Sendable {
    case at(Int)
    case named(String)

    package init(integerLiteral value: Int) { self = .at(value) }
    package init(stringLiteral value: String) { self = .named(value) }
}

/// A value that is not what the program expects of its own statement.
package enum RowError: Error, Sendable, Equatable, CustomStringConvertible {
    case noColumn(String)
    case null(column: String)
    case wrongType(column: String, expected: String, got: String)
    /// Of the right type, but not representable here (NaN as a decimal, infinity as an instant).
    case unrepresentable(column: String, type: String)
    case rowCount(Int)

    package var description: String {
        switch self {
        case .noColumn(let name): "no column \(name) in the answer"
        case .null(let column): "column \(column) is null"
        case .wrongType(let column, let expected, let got): "column \(column) is \(got), not \(expected)"
        case .unrepresentable(let column, let type): "column \(column) holds a \(type) that has no form here"
        case .rowCount(let count): "\(count) rows where one was expected"
        }
    }
}
