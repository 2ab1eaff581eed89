internal import Bytes

/// What is wrong with a table that a person wrote, and where: lines count from 1.
package struct TableRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package let line: Int
    package let field: String
    package let reason: String

    package var description: String { "line \(line), \(field): \(reason)" }
}

/// A table of two columns that a person wrote: CSV (RFC 4180, UTF-8) with a header, in which each key stands once.
struct TwoColumnTable {
    let key: String
    let value: String

    /// What is wrong with a field of the line that is read.
    struct Flaw: Error {
        let field: String
        let reason: String

        init(_ field: String, _ reason: String) { (self.field, self.reason) = (field, reason) }
    }

    /// Values by their keys. `entry`: key and value out of a line's two fields.
    func read(
        _ text: [UInt8], _ entry: (_ key: String, _ value: String) throws(Flaw) -> (key: String, value: String)
    ) throws(TableRefusal) -> [String: String] {
        var found: [String: String] = [:]
        var lines: [String: Int] = [:]
        var reader = try reading { () throws(CSVError) in try CSVReader(text) }
        guard try reading({ () throws(CSVError) in try reader.nextRow() }), reader.count == 2, reader.text(0) == key,
            reader.text(1) == value
        else { throw TableRefusal(line: 1, field: "header", reason: "expected \(key),\(value)") }
        while true {
            let line = reader.line
            guard try reading({ () throws(CSVError) in try reader.nextRow() }) else { return found }
            let made: (key: String, value: String)
            do throws(Flaw) { made = try entry(reader.text(0), reader.text(1)) } catch {
                throw TableRefusal(line: line, field: error.field, reason: error.reason)
            }
            if let earlier = lines.updateValue(line, forKey: made.key) {
                throw TableRefusal(line: line, field: key, reason: "\(made.key) stands on line \(earlier) already")
            }
            found[made.key] = made.value
        }
    }

    private func reading<T>(_ body: () throws(CSVError) -> T) throws(TableRefusal) -> T {
        do throws(CSVError) { return try body() } catch {
            throw TableRefusal(line: error.line, field: "column \(error.column)", reason: error.reason.rawValue)
        }
    }
}
