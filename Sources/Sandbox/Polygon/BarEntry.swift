internal import Bytes

/// A bar in an answer.
struct BarEntry {
    var told: ToldBar
    let bar: DailyBar
    /// Milliseconds since 1970.
    var time: Int64
    /// Grouped answers name it.
    let name: String?
    /// How the volume is written.
    let style: Int
    /// The volume of a copy that contradicts.
    var isAltered = false

    init?(_ told: ToldBar, _ ticker: EquityTicker, _ dice: Dice, isNamed: Bool, atClose: Bool) {
        guard told.isTold, let bar = told.bar else { return nil }
        self.told = told
        self.bar = bar
        time = (atClose ? told.session.close : told.session.midnight) * 1_000
        name = isNamed ? ticker.name : nil
        style = ticker.kind == .recorded ? VolumeText.plainStyle : dice.pick(6, 471, ticker.number, Int64(bar.day))
    }

    /// With it those copies of it that come along.
    var withCopies: [BarEntry] {
        guard let copy = told.copy else { return [self] }
        var second = self
        second.isAltered = copy == .conflicting
        return [self, second]
    }

    var isUnusable: Bool { !bar.isSound || isAltered }

    func write(to out: inout JSONWriter) {
        out.beginObject()
        if let name { out.member("T") { $0.string(name) } }
        out.member("v") { $0.number(VolumeText.text(bar.volume + (isAltered ? 7_000 : 0), style).utf8) }
        if let vwap = bar.vwap { price("vw", vwap, &out) }
        price("o", bar.open, &out)
        price("c", bar.close, &out)
        price("h", bar.high, &out)
        price("l", bar.low, &out)
        out.member("t") { $0.int(time) }
        if let transactions = bar.transactions { out.member("n") { $0.int(transactions) } }
        out.endObject()
    }

    private func price(_ name: String, _ price: Int64?, _ out: inout JSONWriter) {
        if let price {
            out.member(name) { $0.number(Digits.plain(price, DailyBar.priceDecimals).utf8) }
        } else if told.emptyIsNull {
            out.member(name) { $0.null() }
        }
    }
}

/// Volumes as the service writes them: `895345`, `25933.6`, `6.42646396e+08`, `95595226.0`.
enum VolumeText {
    static let plainStyle = 5

    static func text(_ volume: Int64, _ style: Int) -> String {
        let plain = Digits.plain(volume, DailyBar.volumeDecimals)
        if style < 2, volume >= 1_000_000_000 { return exponent(volume) }
        return style == 2 && !plain.utf8.contains(UInt8(ascii: ".")) ? plain + ".0" : plain
    }

    private static func exponent(_ volume: Int64) -> String {
        var digits = String(volume)
        let power = digits.utf8.count - 1 - DailyBar.volumeDecimals
        while digits.utf8.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        let rest = digits.dropFirst()
        return "\(digits.prefix(1))\(rest.isEmpty ? "" : ".")\(rest)e+\(power < 10 ? "0" : "")\(power)"
    }
}
