/// One field in the form of COPY, its length before it.
package struct CopyField: Sendable, Equatable {
    let bytes: [UInt8]

    private init(_ write: (inout CopyRows) -> Void) {
        var rows = CopyRows(fields: 0)
        _ = rows.take()
        write(&rows)
        bytes = rows.take()
    }

    package static let null = CopyField { $0.null() }
    package static func int4(_ value: Int32) -> CopyField { CopyField { $0.int4(value) } }
    package static func int8(_ value: Int64) -> CopyField { CopyField { $0.int8(value) } }
    package static func numeric(mantissa: Int64, scale: Int) -> CopyField { CopyField { $0.numeric(mantissa: mantissa, scale: scale) } }
    package static func text(_ value: String) -> CopyField { CopyField { $0.text(value) } }
}

/// A field of many rows.
package enum CopyColumn: Sendable {
    /// The same in each.
    case same(CopyField)
    case integers([Int64])
    /// timestamptz, from seconds since 1970.
    case instants([Int64])
    /// `mantissa / 10^scale`.
    case numerics(mantissas: [Int64], scales: [UInt8])

    fileprivate func holds(_ rows: Range<Int>) -> Bool {
        switch self {
        case .same: true
        case .integers(let values), .instants(let values): values.indices.contains(rows)
        case .numerics(let mantissas, let scales): mantissas.indices.contains(rows) && scales.indices.contains(rows)
        }
    }

    /// With its length.
    fileprivate var bytesMax: Int {
        switch self {
        case .same(let field): field.bytes.count
        case .integers, .instants: 12
        case .numerics: 4 + numericBytesMax + 4
        }
    }
}

extension CopyRows {
    /// Appends rows, one field of each column in turn, until `limit` bytes are ready; the first row that was not appended. This is where
    /// millions of rows pass: no allocation and no call for any of them.
    package mutating func appendRows(of columns: [CopyColumn], _ rows: Range<Int>, upTo limit: Int) -> Int {
        precondition(columns.count == Int(fields), "\(columns.count) columns for rows of \(fields) fields")
        precondition(columns.allSatisfy { $0.holds(rows) }, "rows \(rows) are not in every column")
        if count >= limit || rows.isEmpty { return rows.lowerBound }
        let longest = columns.reduce(2) { $0 + $1.bytesMax }
        let ready = bytes
        var next = rows.lowerBound
        bytes = withPointers(to: columns) { raw in
            [UInt8](unsafeUninitializedCapacity: limit + longest) { room, written in
                let base = UnsafeMutableRawPointer(room.baseAddress!)
                ready.withUnsafeBytes { base.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count) }
                var end = ready.count
                while next < rows.upperBound, end < limit {
                    base.storeBytes(of: fields.bigEndian, toByteOffset: end, as: Int16.self)
                    end += 2
                    for column in raw { end += column.write(next, to: base + end) }
                    next += 1
                }
                written = end
            }
        }
        return next
    }
}

/// A column without its owner, for as long as `withPointers` lasts.
private struct RawColumn {
    enum Kind { case bytes, integers, instants, numerics }

    let kind: Kind
    /// Bytes or words.
    let values: UnsafeRawPointer
    let scales: UnsafePointer<UInt8>?
    let count: Int

    /// Writes a row's field; how many bytes it took.
    @inline(__always)
    func write(_ row: Int, to place: UnsafeMutableRawPointer) -> Int {
        switch kind {
        case .bytes:
            place.copyMemory(from: values, byteCount: count)
            return count
        case .integers, .instants:
            let word = values.load(fromByteOffset: row &* 8, as: Int64.self)
            place.storeBytes(of: UInt32(8).bigEndian, as: UInt32.self)
            let value = kind == .instants ? microseconds(ofInstant: word) : word
            place.storeBytes(of: value.bigEndian, toByteOffset: 4, as: Int64.self)
            return 12
        case .numerics:
            let count = writeNumeric(
                mantissa: values.load(fromByteOffset: row &* 8, as: Int64.self), scale: Int(scales![row]), to: place + 4)
            place.storeBytes(of: UInt32(truncatingIfNeeded: count).bigEndian, as: UInt32.self)
            return 4 + count
        }
    }
}

/// A pointer into an array is good within a closure only: one closure within the other, once a piece.
private func withPointers<T>(
    to columns: [CopyColumn], _ raw: [RawColumn] = [], _ body: ([RawColumn]) -> T
) -> T {
    if raw.count == columns.count { return body(raw) }
    func words(_ values: [Int64], _ kind: RawColumn.Kind) -> T {
        values.withUnsafeBytes { values in
            withPointers(to: columns, raw + [.init(kind: kind, values: address(values), scales: nil, count: 0)], body)
        }
    }
    switch columns[raw.count] {
    case .same(let field):
        return field.bytes.withUnsafeBytes { bytes in
            withPointers(to: columns, raw + [.init(kind: .bytes, values: address(bytes), scales: nil, count: bytes.count)], body)
        }
    case .integers(let values): return words(values, .integers)
    case .instants(let values): return words(values, .instants)
    case .numerics(let mantissas, let scales):
        return mantissas.withUnsafeBytes { mantissas in
            scales.withUnsafeBufferPointer { scales in
                withPointers(
                    to: columns,
                    raw + [.init(kind: .numerics, values: address(mantissas), scales: scales.baseAddress, count: 0)], body)
            }
        }
    }
}

private func address(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer {
    guard let base = bytes.baseAddress else { preconditionFailure("a column of no rows") }
    return base
}
