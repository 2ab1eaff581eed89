internal import Bytes

/// What settings let work take.
struct LimitSetting: Sendable {
    /// Seconds that an ingestion may be worked; nil: what its dataset says of itself.
    var processingSeconds: Int?
    /// Bytes that a process which works may have resident.
    var memoryBytes = 2048 << 20
}

extension SettingsReader {
    /// `MAX_PROCESSING_TIME`, `MAX_MEMORY_USAGE`.
    func limits() throws(SettingError) -> LimitSetting {
        var limits = LimitSetting()
        limits.processingSeconds = try duration("MAX_PROCESSING_TIME", in: 1...31_536_000).map { Int($0) }
        limits.memoryBytes = try memory("MAX_MEMORY_USAGE") ?? limits.memoryBytes
        return limits
    }

    /// Bytes: of a MB 1,048,576, of a GB 1024 times that, as what systems call the memory of a process.
    private func memory(_ name: String) throws(SettingError) -> Int? {
        guard let text = text(name) else { return nil }
        for (unit, shift) in [("MB", 20), ("GB", 30)] where text.hasSuffix(unit) {
            let digits = text.dropLast(2)
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.utf8.count <= 7, let count = Int(digits) else { break }
            if (64 << 20...1 << 50).contains(count << shift) { return count << shift }
        }
        let isBare = text.utf8.allSatisfy { (48...57).contains($0) }
        throw SettingError(
            variable: name,
            expected: isBare
                ? "expected a size with its unit, MB or GB, such as 2048MB or 2GB, not the bare number \(text)"
                : "expected a size from 64MB up, in whole MB or GB, such as 2048MB or 2GB, not \(text)")
    }
}
