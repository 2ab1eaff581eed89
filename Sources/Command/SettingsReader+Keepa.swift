internal import Bytes
internal import Datasets
internal import Series
internal import Upstream

/// What settings say of Keepa's products.
struct KeepaSetting: Sendable {
    var baseURL: Base
    var key: Secret?
    var rate = Keepa.rate
    var options = Keepa.Options()
}

extension SettingsReader {
    /// `KEEPA_BASE_URL`, `KEEPA_API_KEY`, `KEEPA_RATE_LIMIT`, `KEEPA_DOMAIN`, `KEEPA_ASINS_FILE`, `KEEPA_REFRESH_CURRENT`,
    /// `KEEPA_REFRESH_HISTORY`, `KEEPA_OFFERS`, `KEEPA_BUYBOX`, `KEEPA_TOKEN_FLOOR`, and the rates of `keepaRates`.
    func keepa() throws(SettingError) -> KeepaSetting {
        KeepaSetting(
            baseURL: try base("KEEPA_BASE_URL") ?? Base(Keepa.baseURL)!, key: try secret("KEEPA_API_KEY"),
            rate: try rate("KEEPA_RATE_LIMIT") ?? Keepa.rate,
            options: Keepa.Options(
                domain: try keepaDomain(), offers: try keepaOffers(), buybox: try flag("KEEPA_BUYBOX") ?? false,
                refresh: try keepaRefresh(), asins: try keepaProducts(),
                floor: Double(try integer("KEEPA_TOKEN_FLOOR", in: 0...1_000_000) ?? 0), rates: try keepaRates()))
    }

    private func keepaDomain() throws(SettingError) -> Keepa.Domain {
        guard let text = text("KEEPA_DOMAIN") else { return .com }
        guard let domain = Keepa.Domain.allCases.first(where: { $0.suffix == text }) else {
            throw SettingError(
                variable: "KEEPA_DOMAIN",
                expected: "expected one of \(Keepa.Domain.allCases.map(\.suffix).joined(separator: ", ")), not \(text)")
        }
        return domain
    }

    /// 0 is the same as nothing: no offers.
    private func keepaOffers() throws(SettingError) -> Int? {
        guard let offers = try integer("KEEPA_OFFERS", in: 0...Keepa.Options.offersRange.upperBound), offers > 0 else { return nil }
        guard Keepa.Options.offersRange.contains(offers) else {
            throw SettingError(variable: "KEEPA_OFFERS", expected: "expected 0 or a whole number from 20 to 100, not \(offers)")
        }
        return offers
    }

    private func keepaRefresh() throws(SettingError) -> Keepa.Refresh {
        let usual = Keepa.Refresh.usual
        let current = try duration("KEEPA_REFRESH_CURRENT", in: 3600...31_536_000).map(Int.init) ?? usual.currentSeconds
        let history = try duration("KEEPA_REFRESH_HISTORY", in: 3600...315_360_000).map(Int.init)
        do throws(Keepa.Refusal) {
            // Where only one is set, the other is the nearest that goes with it.
            let usualHistory = (usual.historySeconds + current - 1) / current * current
            return try Keepa.Refresh(currentSeconds: current, historySeconds: history ?? usualHistory)
        } catch {
            throw SettingError(variable: history == nil ? "KEEPA_REFRESH_CURRENT" : "KEEPA_REFRESH_HISTORY", expected: error.description)
        }
    }

    private func keepaProducts() throws(SettingError) -> [String] {
        let variable = "KEEPA_ASINS_FILE"
        guard let path = text(variable) else { return [] }
        let text = try readSettingsBytes(path, named: variable)
        let asins: [String]
        do throws(TableRefusal) { asins = try KeepaList(text).asins } catch {
            throw SettingError(variable: variable, expected: "\(path), \(error)")
        }
        // All products that the store holds would be kept where none is named.
        if asins.isEmpty { throw SettingError(variable: variable, expected: "\(path) names no product") }
        return asins
    }

    /// `KEEPA_TAX`, `KEEPA_PREPARATION`, `KEEPA_SHIPPING`, `KEEPA_REFERRAL`, `KEEPA_FULFILMENT`.
    private func keepaRates() throws(SettingError) -> Keepa.Rates {
        func number(_ name: String, upTo most: Decimal, _ words: String) throws(SettingError) -> Decimal? {
            guard let text = text(name) else { return nil }
            guard let value = Decimal(text), value >= .zero, value <= most else {
                throw SettingError(variable: name, expected: "expected \(words), not \(text)")
            }
            return value
        }
        func share(_ name: String) throws(SettingError) -> Decimal? { try number(name, upTo: .one, "a share from 0 to 1, such as 0.15") }
        func amount(_ name: String) throws(SettingError) -> Decimal? {
            try number(name, upTo: Decimal(1_000_000), "an amount in the marketplace's currency from 0 to 1000000, such as 2.50")
        }
        return Keepa.Rates(
            tax: try share("KEEPA_TAX") ?? .zero, preparation: try amount("KEEPA_PREPARATION") ?? .zero,
            shipping: try amount("KEEPA_SHIPPING") ?? .zero, referral: try share("KEEPA_REFERRAL"),
            fulfilment: try amount("KEEPA_FULFILMENT"))
    }
}

extension Keepa.Domain {
    /// As the marketplace's address ends.
    var suffix: String {
        switch self {
        case .com: "com"
        case .couk: "co.uk"
        case .de: "de"
        case .fr: "fr"
        case .cojp: "co.jp"
        case .ca: "ca"
        case .it: "it"
        case .es: "es"
        case .in: "in"
        case .commx: "com.mx"
        case .combr: "com.br"
        }
    }
}
