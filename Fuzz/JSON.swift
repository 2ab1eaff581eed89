@testable import Bytes

/// The JSON reader: nothing traps, and a value that is taken is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    if let value = try? JSONValue(parsing: bytes) {
        precondition((try? JSONValue(parsing: value.bytes)) == value, "what was written reads otherwise")
        _ = (value.int, value.double)
        guard var reader = try? JSONReader(bytes) else { preconditionFailure("taken as a value and not by the reader") }
        precondition((try? reader.skip()) != nil && (try? reader.end()) != nil, "taken as a value and not skipped")
    }
    guard var reader = try? JSONReader(bytes), (try? reader.beginObject()) != nil else { return 0 }
    while let key = try? reader.nextKey() {
        _ = key
        guard let kind = try? reader.peek() else { break }
        switch kind {
        case .string: if (try? reader.string()) == nil { return 0 }
        case .number: if (try? reader.double()) == nil { return 0 }
        default: if (try? reader.skip()) == nil { return 0 }
        }
    }
    return 0
}
