@testable import Codec

/// F-9: whatever bytes stand there, a ZIP directory is read or refused, and every entry gives as many bytes as it says, or a refusal.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let read: ZipDirectory.PositionalRead = { offset, out in
        guard offset >= 0, offset < Int64(bytes.count) else { return 0 }
        let taken = min(out.count, bytes.count - Int(offset))
        out.replaceSubrange(0..<taken, with: bytes[Int(offset)..<Int(offset) + taken])
        return taken
    }
    guard let directory = try? ZipDirectory(size: Int64(count), largest: 1 << 16, read: read) else { return 0 }
    for entry in directory.entries {
        guard let reader = try? ZipEntryReader(entry, limit: 1 << 20, source: read) else { continue }
        var piece = [UInt8](repeating: 0, count: 1000)
        var made: Int64 = 0
        var isWhole = false
        while let taken = try? reader.read(into: &piece) {
            made += Int64(taken)
            isWhole = taken == 0
            if isWhole { break }
        }
        precondition(made <= entry.bytes && (!isWhole || made == entry.bytes), "an entry of \(entry.bytes) bytes gave \(made)")
    }
    return 0
}
