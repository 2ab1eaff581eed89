internal import Bytes
internal import Series

/// What follows from a row's other figures.
///
///     all in       = price_now * (1 + tax) + preparation + shipping, where price_now does not include it
///     fees         = list_at * referral share + fulfilment
///     profit       = list_at - all in - fees         to the currency's digits
///     margin       = profit / list_at                4 digits
///     percent_down = 1 - price_now / avg_1yr         4 digits, as (avg_1yr - price_now) / avg_1yr
///
/// Null where a figure is missing, and where it would be divided by zero; rounded half-even, `profit` before it is divided.
struct KeepaMoney {
    let rates: Keepa.Rates
    let digits: Int

    init(_ options: Keepa.Options) {
        rates = options.rates
        digits = options.domain.digits
    }

    /// Leaves `kept` what depends on something that is kept.
    func derive(_ row: inout [Value]) {
        let profit = profit(row)
        row[Keepa.Column.profit] = profit
        row[Keepa.Column.margin] = figure(row, [profit, row[Keepa.Column.listAt]]) { $0[0].divided(by: $0[1], places: 4) }
        row[Keepa.Column.percentDown] = figure(row, [row[Keepa.Column.priceNow], row[Keepa.Column.average]]) {
            ($0[1] - $0[0])?.divided(by: $0[1], places: 4)
        }
    }

    private func profit(_ row: [Value]) -> Value {
        let referral = rates.referral.map(Value.decimal) ?? row[Keepa.Column.referral]
        let fulfilment = rates.fulfilment.map(Value.decimal) ?? row[Keepa.Column.fulfilment]
        let ships = row[Keepa.Column.priceShips]
        return figure(row, [row[Keepa.Column.priceNow], row[Keepa.Column.listAt], referral, fulfilment, ships]) { input in
            let (price, list) = (input[0], input[1])
            let shipping = input[4] == .zero ? rates.shipping : .zero
            guard let taxed = (Decimal.one + rates.tax).flatMap({ price * $0 }), let prepared = taxed + rates.preparation,
                let allIn = prepared + shipping, let share = list * input[2], let fees = share + input[3],
                let gross = list - allIn
            else { return nil }
            return (gross - fees)?.rounded(to: digits)
        }
    }

    private func figure(_ row: [Value], _ input: [Value], _ compute: ([Decimal]) -> Decimal?) -> Value {
        var known: [Decimal] = []
        var isKept = false
        for value in input {
            switch value {
            case .decimal(let number): known.append(number)
            case .integer(let number): known.append(Decimal(number))
            case .kept: isKept = true
            case .null, .text: return .null
            }
        }
        if isKept { return .kept }
        return compute(known).map(Value.decimal) ?? .null
    }
}
