@testable import Bytes
@testable import Upstream

/// F-5: HTTP dates, Retry-After, ISO times and durations: what is taken is written and read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let data, count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let text = String(decoding: bytes, as: UTF8.self)
    switch data[0] & 3 {
    case 0:
        guard let date = HTTPDate.parse(bytes.span, now: 1_700_000_000) else { return 0 }
        precondition(HTTPDate.parse(HTTPDate.text(date), now: 1_700_000_000) == date, "another date")
    case 1:
        guard let wait = RetryAfter.seconds(text, now: 1_700_000_000) else { return 0 }
        precondition((0...86_400).contains(wait), "a wait beyond the ceiling")
    case 2:
        guard let instant = try? Timestamp.parse(bytes.span) else { return 0 }
        precondition((try? Timestamp.parse(Timestamp.text(instant))) == instant, "another instant")
    default:
        guard let seconds = try? ISODuration.parse(bytes.span) else { return 0 }
        precondition((try? ISODuration.parse(ISODuration.text(seconds))) == seconds, "another duration")
    }
    _ = LocalDate(utf8: bytes.span)
    _ = LocalStamp(bytes.span)
    return 0
}
