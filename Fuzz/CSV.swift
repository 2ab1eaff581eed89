@testable import Bytes

/// F-3: a CSV text read at once and in pieces gives the same rows or the same refusal; what was read is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let whole = Result { try rows(bytes, pieces: bytes.count + 1) }
    let pieces = Result { try rows(bytes, pieces: Int(data[0] % 16) + 1) }
    switch (whole, pieces) {
    case (.success(let a), .success(let b)): precondition(a == b, "pieces change the rows")
    case (.failure(let a), .failure(let b)): precondition("\(a)" == "\(b)", "pieces change the refusal: \(a), \(b)")
    default: preconditionFailure("pieces change what is taken: \(whole), \(pieces)")
    }
    guard case .success(let read) = whole, !read.isEmpty else { return 0 }
    var writer = CSVWriter()
    for row in read {
        for field in row { writer.text(ArraySlice(field)) }
        writer.endRow()
    }
    // A row of one empty field is an empty line, which the reader refuses; what a spreadsheet would take for a formula is written
    // as text.
    if read.contains([[]]) || read.joined().contains(where: { $0.first.map(Array("=+-@\t\r".utf8).contains) ?? false }) { return 0 }
    precondition((try? rows(writer.bytes, pieces: writer.bytes.count + 1)) == read, "what was written reads otherwise")
    return 0
}

private func rows(_ bytes: [UInt8], pieces size: Int) throws -> [[[UInt8]]] {
    var rows: [[[UInt8]]] = []
    var rest: [UInt8] = []
    var from = 0
    var previous: CSVReader?
    repeat {
        let to = min(from + size, bytes.count)
        rest += bytes[from..<to]
        from = to
        var reader = try CSVReader(rest, isLast: to == bytes.count, continuing: previous)
        while try reader.nextRow() { rows.append((0..<reader.count).map { Array(reader.field($0)) }) }
        rest.removeFirst(reader.offset)
        previous = reader
    } while from < bytes.count
    return rows
}
