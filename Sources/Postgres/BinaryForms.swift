// The server's binary forms (the *_send functions of its types), read without a trap: a form that is not as expected is nil.

/// Reads big-endian numbers from the front.
struct WireReader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard let bytes = take(MemoryLayout<T>.size) else { return nil }
        return T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return UnsafeRawBufferPointer(rebasing: rest.prefix(count))
    }
}

func decodeWhole(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var reader = WireReader(bytes)
    switch bytes.count {
    case 8: return reader.number(Int64.self)
    case 4: return reader.number(Int32.self).map { Int64($0) }
    case 2: return reader.number(Int16.self).map { Int64($0) }
    default: return nil
    }
}

func decodeDouble(_ bytes: UnsafeRawBufferPointer) -> Double? {
    var reader = WireReader(bytes)
    if bytes.count == 8 { return reader.number(UInt64.self).map { Double(bitPattern: $0) } }
    return reader.number(UInt32.self).map { Double(Float(bitPattern: $0)) }
}

func decodeText(_ bytes: UnsafeRawBufferPointer) -> String? { String(decoding: bytes, as: UTF8.self) }

/// Microseconds since 2000-01-01 (timestamptz_send); the extremes mean infinity.
func decodeInstant(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var reader = WireReader(bytes)
    guard let micros = reader.number(Int64.self), micros != .max, micros != .min else { return nil }
    let seconds = micros / 1_000_000
    return (micros % 1_000_000 < 0 ? seconds - 1 : seconds) + secondsTo2000
}

/// Days since 2000-01-01 (date_send); the extremes mean infinity.
func decodeDate(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var reader = WireReader(bytes)
    guard let days = reader.number(Int32.self), days != .max, days != .min else { return nil }
    return Int(days) + daysTo2000
}

/// One-dimensional arrays (array_send).
func decodeArray<T>(_ bytes: UnsafeRawBufferPointer, _ element: (UnsafeRawBufferPointer) -> T?) -> [T?]? {
    var reader = WireReader(bytes)
    guard let dimensions = reader.number(Int32.self), reader.number(Int32.self) != nil, reader.number(UInt32.self) != nil
    else { return nil }
    if dimensions == 0 { return [] }
    guard dimensions == 1, let count = reader.number(Int32.self), count >= 0, reader.number(Int32.self) != nil else { return nil }
    var values: [T?] = []
    values.reserveCapacity(min(Int(count), bytes.count / 4))
    for _ in 0..<count {
        guard let length = reader.number(Int32.self) else { return nil }
        if length == -1 {
            values.append(nil)
            continue
        }
        guard let bytes = reader.take(Int(length)), let value = element(bytes) else { return nil }
        values.append(value)
    }
    return reader.isAtEnd ? values : nil
}

/// int8multirange (multirange_send, range_send): a count, then each range with its length, flags and present bounds.
func decodeRanges(_ bytes: UnsafeRawBufferPointer) -> [Range<Int>]? {
    var reader = WireReader(bytes)
    guard let count = reader.number(Int32.self), count >= 0 else { return nil }
    var ranges: [Range<Int>] = []
    for _ in 0..<count {
        // int8 ranges are kept in their canonical form, lower bound within and upper bound without: any other flag than
        // that (0x02) is emptiness, which a multirange never holds, or infinity, which no range of Int can hold.
        guard let length = reader.number(Int32.self), let one = reader.take(Int(length)) else { return nil }
        var range = WireReader(one)
        guard range.number(UInt8.self) == 0x02,
            range.number(Int32.self) == 8, let lower = range.number(Int64.self),
            range.number(Int32.self) == 8, let upper = range.number(Int64.self), lower <= upper
        else { return nil }
        ranges.append(Int(lower)..<Int(upper))
    }
    return reader.isAtEnd ? ranges : nil
}

// MARK: Writing

func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
}

/// What `write` writes, with its length before it.
func appendSized(to bytes: inout [UInt8], _ write: (inout [UInt8]) -> Void) {
    let place = bytes.count
    append(Int32(0), to: &bytes)
    write(&bytes)
    let length = Int32(bytes.count - place - 4)
    bytes.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: place, as: Int32.self) }
}
