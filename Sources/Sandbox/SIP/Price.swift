internal import Bytes

/// Money in hundred-thousandths of its unit: the five decimals that the operator publishes, exactly.
struct Price: Sendable, Hashable {
    let units: Int64

    static let zero = Price(units: 0)

    /// As a JSON number: zeros at the end are cut, but one digit stays behind the point.
    func append(to out: inout [UInt8], point: UInt8 = UInt8(ascii: ".")) {
        let magnitude = Int64(units.magnitude)
        if units < 0 { out.append(UInt8(ascii: "-")) }
        NumberText.append(magnitude / 100_000, to: &out)
        out.append(point)
        var fraction = magnitude % 100_000
        var digits = 5
        while digits > 1 && fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        NumberText.append(Int(fraction), width: digits, to: &out)
    }

    /// Of a number's text, rounded to five decimals.
    init?(text: some Collection<UInt8>) {
        guard let decimal = Decimal(utf8: text)?.rounded(to: 5) else { return nil }
        var units = decimal.mantissa
        for _ in decimal.scale..<max(decimal.scale, 5) {
            let (product, overflow) = units.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            units = product
        }
        self.units = units
    }

    init(units: Int64) { self.units = units }
    init(_ value: Double) { units = Int64((value * 100_000).rounded()) }

    /// USD/MWh at `rate` (hundred-thousandths of thousands of pesos) as CLP/kWh.
    func converted(rate: Int64) -> Price {
        let wide = units.multipliedFullWidth(by: rate)
        let (quotient, remainder) = Int64(100_000).dividingFullWidth(wide)
        return Price(units: quotient + (remainder >= 50_000 ? 1 : 0))
    }
}
