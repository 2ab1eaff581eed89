internal import Bytes

/// A product object, as far as it is of use (keepacom/api_backend, structs/Product.java and Stats.java).
struct KeepaProduct {
    var asin: String?
    var title: KeepaTold<String> = .absent
    /// Keepa minutes.
    var lastUpdate: Int64 = -1
    /// By type of price; shorter in older answers than in newer ones (34 and 36 were seen).
    var current: [Int64]?
    var drops30: KeepaTold<Int64> = .absent
    var offers: KeepaTold<Int64> = .absent
    var buyBoxPrice: KeepaTold<Int64> = .absent
    var buyBoxShipping: KeepaTold<Int64> = .absent
    var hasStats = false
    /// The types that are read, with their points as they come.
    var csv: KeepaTold<[Int: [Int64]]> = .absent
    /// Percent of the selling price: the exact one, and the whole one.
    var referral: KeepaTold<Decimal> = .absent
    var referralWhole: KeepaTold<Decimal> = .absent
    /// In the currency's smallest unit.
    var fulfilment: KeepaTold<Int64> = .absent
    /// The field that is not of its type.
    var flaw: String?

    /// What the upstream sends of a product that it does not know.
    var isStub: Bool { title.content == nil && !hasStats && flaw == nil }

    /// Of the three prices of a product the first with a figure stands; see `KeepaPrice`.
    func current(_ type: Int) -> KeepaTold<Int64> {
        guard let current, current.indices.contains(type) else { return .absent }
        return KeepaTold(figure: current[type])
    }

    /// Offers of all conditions; where they are not told together, new and used ones.
    var offerCount: KeepaTold<Int64> {
        if offers.content != nil { return offers }
        let counts = [current(11), current(12)]
        let known = counts.compactMap(\.content)
        if !known.isEmpty { return .value(known.reduce(0, +)) }
        return offers.isAbsent && counts.allSatisfy(\.isAbsent) ? .absent : .none
    }

    var referralShare: KeepaTold<Decimal> {
        let percent = referral.content == nil && !referralWhole.isAbsent ? referralWhole : referral
        switch percent {
        case .absent: return .absent
        case .none: return .none
        case .value(let percent):
            guard percent.mantissa >= 0 else { return .none }
            return Decimal(mantissa: percent.mantissa, scale: percent.scale + 2).map { .value($0) } ?? .none
        }
    }

    // MARK: Reading

    /// - Parameter withHistory: whether `csv` is of use.
    static func read(_ reader: inout JSONReader, withHistory: Bool) throws(JSONError) -> KeepaProduct {
        var fields = KeepaFields(reader)
        var product = KeepaProduct()
        try fields.reader.beginObject()
        while let key = try fields.reader.nextKey() {
            switch key {
            case "asin": product.asin = try fields.text("asin").content.flatMap(Keepa.asin)
            case "title": product.title = try fields.text("title")
            case "lastUpdate": product.lastUpdate = try fields.whole("lastUpdate").content ?? -1
            case "referralFeePercentage": product.referral = try fields.decimal("referralFeePercentage")
            case "referralFeePercent": product.referralWhole = try fields.decimal("referralFeePercent")
            case "fbaFees": try product.readFees(&fields)
            case "stats": try product.readStats(&fields)
            case "csv" where withHistory: try product.readHistory(&fields)
            default: try fields.reader.skip()
            }
        }
        product.flaw = fields.flaw
        reader = fields.reader
        return product
    }

    private mutating func readFees(_ fields: inout KeepaFields) throws(JSONError) {
        guard try fields.begins(.object, "fbaFees") else {
            if fields.isNull { fulfilment = .none }
            return
        }
        try fields.reader.beginObject()
        while let key = try fields.reader.nextKey() {
            switch key {
            case "pickAndPackFee": fulfilment = Self.figure(try fields.whole("fbaFees.pickAndPackFee"))
            default: try fields.reader.skip()
            }
        }
    }

    private mutating func readStats(_ fields: inout KeepaFields) throws(JSONError) {
        guard try fields.begins(.object, "stats") else { return }
        hasStats = true
        try fields.reader.beginObject()
        while let key = try fields.reader.nextKey() {
            switch key {
            case "current": current = try fields.numbers("stats.current").content
            case "salesRankDrops30": drops30 = Self.figure(try fields.whole("stats.salesRankDrops30"))
            case "totalOfferCount": offers = Self.figure(try fields.whole("stats.totalOfferCount"))
            case "buyBoxPrice": buyBoxPrice = Self.figure(try fields.whole("stats.buyBoxPrice"))
            case "buyBoxShipping": buyBoxShipping = Self.figure(try fields.whole("stats.buyBoxShipping"))
            default: try fields.reader.skip()
            }
        }
    }

    private mutating func readHistory(_ fields: inout KeepaFields) throws(JSONError) {
        guard try fields.begins(.array, "csv") else {
            if fields.isNull { csv = .none }
            return
        }
        var types: [Int: [Int64]] = [:]
        var type = -1
        try fields.reader.beginArray()
        while try fields.reader.nextElement() {
            type += 1
            guard KeepaHistory.types.contains(type) else {
                try fields.reader.skip()
                continue
            }
            guard let points = try fields.numbers("csv").content, !points.isEmpty else { continue }
            if points.count % KeepaHistory.stride(type) != 0 { fields.wrong("csv") }
            types[type] = points
        }
        csv = .value(types)
    }

    private static func figure(_ number: KeepaTold<Int64>) -> KeepaTold<Int64> {
        if case .value(let number) = number { KeepaTold(figure: number) } else { number }
    }
}
