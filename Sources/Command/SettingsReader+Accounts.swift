internal import Bytes
internal import Datasets
internal import Series
internal import Upstream

/// What settings say of the metrics of accounts.
struct AccountsSetting: Sendable {
    /// nil: there is no upstream, and nothing is fetched.
    var baseURL: Base?
    var key: Secret?
    var rate = Accounts.rate
    var batch = Accounts.batch
    var following = Accounts.Following(hasUpstream: false)

    /// The setting without which nothing can be fetched; nil where all are there.
    var lacking: String? { baseURL == nil ? "METRICS_BASE_URL" : key == nil ? "METRICS_API_KEY" : nil }
}

extension SettingsReader {
    /// `METRICS_BASE_URL`, `METRICS_API_KEY`, `METRICS_RATE_LIMIT`, `METRICS_BATCH_ACCOUNTS`, `ACCOUNTS_FILE`.
    func accounts() throws(SettingError) -> AccountsSetting {
        let base = try base("METRICS_BASE_URL")
        return AccountsSetting(
            baseURL: base, key: try secret("METRICS_API_KEY"), rate: try rate("METRICS_RATE_LIMIT") ?? Accounts.rate,
            batch: try integer("METRICS_BATCH_ACCOUNTS", in: 1...Accounts.batchMax) ?? Accounts.batch,
            // Where there is nobody to list days, a roster of them would lack all for ever.
            following: Accounts.Following(accounts: try accountsFile(), hasUpstream: base != nil))
    }

    /// One id a line; what follows a `#` is for people.
    private func accountsFile() throws(SettingError) -> [String] {
        let variable = "ACCOUNTS_FILE"
        guard let path = text(variable) else { return [] }
        let text = try readSettingsFile(path, named: variable)
        var accounts: [String] = []
        for (number, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.prefix { $0 != "#" }.trimming()
            // As an export heads its column.
            if line.isEmpty || number == 0 && line == "account_id" { continue }
            guard let account = Accounts.canonical("account_id", line), account != "*" else {
                throw SettingError(
                    variable: variable,
                    expected: "\(path), line \(number + 1): expected an account's id, 1 to 64 letters, digits and - _ . :")
            }
            accounts.append(account)
        }
        // All accounts would be followed where none is named.
        if accounts.isEmpty { throw SettingError(variable: variable, expected: "\(path) names no account") }
        return accounts
    }
}
