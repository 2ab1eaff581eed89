internal import Bytes
internal import Series

/// A product as a row of a group: what the answer does not carry is `kept`, what it says there is none of is null.
struct KeepaRow {
    let options: Keepa.Options
    let shape: Keepa.Shape
    /// When the upstream answered, seconds since 1970.
    let instant: Int64

    func values(_ product: KeepaProduct, _ group: Keepa.Group) -> [Value] {
        typealias Column = Keepa.Column
        var row = Array(repeating: Value.null, count: Column.count)
        let history = history(of: product)
        row[Column.title] = product.title.stored(Value.text)
        row[Column.lastSeen] = .integer(instant)
        row[Column.listAt] = history.stored { $0.listAt.map(Value.decimal) }
        row[Column.average] = history.stored { $0.average.map(Value.decimal) }
        row[Column.seasonality] = history.stored { $0.seasonality.map(Value.text) }
        row[Column.historySeen] = history.stored { _ in .integer(instant) }
        if group == .history { return row }
        let price = product.price(at: minute)
        row[Column.priceNow] = price.stored { amount($0.amount) }
        row[Column.priceFrom] = price.stored { .text($0.source.rawValue) }
        row[Column.priceShips] = price.stored { .integer($0.includesShipping ? 1 : 0) }
        row[Column.salesRank] = product.current(3).stored()
        row[Column.offers] = product.offerCount.stored()
        row[Column.drops30] = product.drops30.stored()
        row[Column.referral] = product.referralShare.stored(Value.decimal)
        row[Column.fulfilment] = product.fulfilment.stored(amount)
        KeepaMoney(options).derive(&row)
        return row
    }

    private var minute: Int64 { instant / 60 - KeepaHistory.epoch }

    private func history(of product: KeepaProduct) -> KeepaTold<KeepaHistory> {
        shape == .light ? .absent : product.csv.map { KeepaHistory($0, now: minute, digits: options.domain.digits) }
    }

    private func amount(_ units: Int64) -> Value? { Decimal(mantissa: units, scale: options.domain.digits).map(Value.decimal) }
}
