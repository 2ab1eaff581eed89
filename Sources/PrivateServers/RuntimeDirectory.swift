internal import Glibc

/// Where a data directory's sockets are: short, because a socket's path is limited to 107 bytes (unix(7)) and a data
/// directory's is not; named after the directory, so that every process finds the same one; open to the account alone,
/// which is what makes `trust` authentication sound.
enum RuntimeDirectory {
    /// `directory` is absolute and resolved.
    static func make(for directory: String, account: Account) throws -> String {
        let path = "/tmp/gapless-\(account.user)-\(fingerprint(directory))"
        if mkdir(path, 0o700) == 0 {
            try account.own(path)
        } else if errno != EEXIST {
            throw Files.failure(path, "mkdir")
        }
        // /tmp is open to all: what lies there under our name is ours only if it says so.
        guard let facts = Files.facts(path), facts.isDirectory, facts.owner == account.user, facts.mode & 0o077 == 0 else {
            throw ServerError("\(path) exists and is not a private directory of user \(account.user); please remove it")
        }
        return path
    }

    /// FNV-1a, 64 bits: a name, not a defence.
    static func fingerprint(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
