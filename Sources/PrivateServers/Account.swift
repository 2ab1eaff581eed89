internal import Glibc

/// Who the servers run as. Postgres refuses to run as root, and neither server needs root's rights.
struct Account: Sendable, Equatable {
    let user: uid_t
    let group: gid_t
    /// Whether a child has to change to it.
    let isOther: Bool

    /// This process's own account, or where that is root: the owner of what exists at `path`, else `postgres`, else `nobody`.
    static func ofServers(owning path: String) throws -> Account {
        guard geteuid() == 0 else { return Account(user: geteuid(), group: getegid(), isOther: false) }
        if let facts = Files.facts(path), facts.owner != 0 {
            return Account(user: facts.owner, group: facts.group, isOther: true)
        }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name), entry.pointee.pw_uid != 0 {
                return Account(user: entry.pointee.pw_uid, group: entry.pointee.pw_gid, isOther: true)
            }
        }
        throw ServerError("running as root, and there is no user postgres or nobody to run the private servers as")
    }

    /// setpriv(1) replaces itself by the command, so that the child's process id is the server's.
    func command(_ arguments: [String]) -> [String] {
        guard isOther else { return arguments }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups", "--"] + arguments
    }

    func own(_ path: String) throws {
        if isOther && lchown(path, user, group) != 0 { throw Files.failure(path, "chown") }
    }
}
