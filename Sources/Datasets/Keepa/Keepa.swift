package import Series

/// What products on Amazon cost and how they sell, as Keepa's API tells it (`GET /product`, docs/keepa.md).
///
/// A series is a product and a group of its figures: `current`, which changes by the hour, and `history`, which is worked out of three
/// years of history. Its slots are refresh periods: a call tells what is now, so that a slot can be had only while it lasts.
package enum Keepa {
    package static let baseURL = "https://api.keepa.com"

    /// Plain requests beside the tokens: Keepa limits tokens only, so that this is no more than good manners.
    package static let rate = RequestRate(count: 60, seconds: 60)

    /// The key's second value.
    enum Group: String, CaseIterable {
        case current, history
    }

    /// `not_known`: the upstream has no such product.
    static let absent = "not_known"

    /// What people are told of slots without a row.
    static let reasonTexts = [
        absent: "None while the upstream does not know the product: look at the ASIN and at KEEPA_DOMAIN. It is asked for again in every "
            + "refresh period.",
        passed: "None: the upstream tells what is now, and this refresh period has passed. The next one is asked for by itself.",
    ]
    static let passed = "passed"

    /// One spelling for one meaning, nil for what can be none.
    @Sendable package static func canonical(_ name: String, _ value: String) -> String? {
        switch name {
        case "asin": asin(value)
        case "group": Group(rawValue: AccountName.trimmed(value).lowercased())?.rawValue
        default: value
        }
    }

    /// Ten letters and digits, in capitals; nil for what is no ASIN.
    static func asin(_ text: String) -> String? {
        let name = AccountName.trimmed(text).uppercased()
        let isName = name.utf8.count == 10
            && name.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 || $0 &- UInt8(ascii: "A") < 26 }
        return isName ? name : nil
    }

    static func group(_ key: SeriesKey) -> Group { key.values.count == 2 ? Group(rawValue: key.values[1]) ?? .current : .current }

    /// What lacks is looked for so often: a call asks for all that came together meanwhile.
    static let schedules = [DatasetSchedule("refresh", .every(minutes: 10), .everyHole, lane: .repair)]
}
