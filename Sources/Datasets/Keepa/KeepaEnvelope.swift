internal import Bytes
package import Series

/// What every answer tells of the bucket of tokens beside what was asked for, whatever its status: `/token` answers nothing else
/// (keepacom/api_backend, structs/Response.java).
package enum KeepaEnvelope {
    private static let names = JSONNames(["tokensLeft", "tokensConsumed", "refillRate", "tokenFlowReduction", "refillIn", "timestamp"])

    /// Products are skimmed, not read. nil for what is no whole answer, and where it does not tell how many tokens are left.
    @Sendable package static func read(_ body: [UInt8]) -> TokenReading? {
        guard let (text, found) = members(body) ?? members(MendedJSON.bytes(body)) else { return nil }
        func number(_ place: Int) -> Double? {
            found[place].kind == .other ? NumberText.double(text[found[place].range]) : nil
        }
        guard let left = number(0) else { return nil }
        // Tracking and other uses of the key take their part of what is refilled.
        let rate = number(2).map { max(0, $0 - (number(3) ?? 0)) }
        return TokenReading(
            left: left, consumed: number(1) ?? 0, refillPerMinute: rate, refillIn: number(4).map { max(0, $0 / 1000) },
            saidAt: number(5).map { $0 / 1000 })
    }

    private static func members(_ body: [UInt8]) -> ([UInt8], [JSONMember])? {
        var found = [JSONMember](repeating: .absent, count: names.count)
        do {
            var reader = try JSONReader(body)
            try reader.members(names, into: &found)
            try reader.end()
        } catch {
            return nil
        }
        return (body, found)
    }
}
