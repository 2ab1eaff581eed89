internal import Bytes

/// `GET /0/public/AssetPairs`, `Time` and `SystemStatus`.
extension KrakenService {
    func assetPairs(_ question: Question, now: Int64) -> Answer {
        var pairs = market.pairs.filter { market.isLive($0, now: now) }
        if let asked = question["pair"] {
            pairs = []
            for spelling in asked.split(separator: ",") {
                guard let found = market.live(String(spelling), now: now) else { return KrakenService.failure("EQuery:Unknown asset pair") }
                pairs.append(found.tape.pair)
            }
        }
        let isDisplay = question["assetVersion"] == "1"
        var answer = KrakenService.success({ out in
            out.beginObject()
            for pair in pairs { out.member(isDisplay ? pair.display : pair.key) { pair.write(to: &$0, isDisplay: isDisplay) } }
            out.endObject()
        }, capacity: pairs.count * 700)
        answer.rows = pairs.count
        return answer
    }

    func time(_ now: Int64) -> Answer {
        KrakenService.success { out in
            out.beginObject()
            out.member("unixtime") { $0.int(now) }
            out.member("rfc1123") { $0.string(KrakenService.date(now)) }
            out.endObject()
        }
    }

    func status(_ now: Int64) -> Answer {
        KrakenService.success { out in
            out.beginObject()
            out.member("status") { $0.string(market.downSeconds(now..<now + 1) > 0 ? "maintenance" : "online") }
            out.member("timestamp") { $0.timestamp(now) }
            out.endObject()
        }
    }

    /// `Tue, 11 Nov 25 00:17:04 +0000`: two digits of the year, unlike HTTP's.
    private static func date(_ now: Int64) -> String {
        let parts = HTTPDate.text(now).split(separator: " ")
        return "\(parts[0]) \(parts[1]) \(parts[2]) \(parts[3].suffix(2)) \(parts[4]) +0000"
    }
}

extension Sandbox.KrakenPair {
    func write(to out: inout JSONWriter, isDisplay: Bool) {
        let parts = display.split(separator: "/").map(String.init)
        out.beginObject()
        out.member("altname") { $0.string(name) }
        out.member("wsname") { $0.string(slashed) }
        out.member("aclass_base") { $0.string("currency") }
        out.member("base") { $0.string(isDisplay ? parts[0] : base) }
        out.member("aclass_quote") { $0.string("currency") }
        out.member("quote") { $0.string(isDisplay ? parts[1] : quote) }
        out.member("lot") { $0.string("unit") }
        out.member("cost_decimals") { $0.int(5) }
        out.member("pair_decimals") { $0.int(priceDecimals) }
        out.member("lot_decimals") { $0.int(8) }
        out.member("lot_multiplier") { $0.int(1) }
        out.member("leverage_buy") { $0.raw("[2,3,4,5]".utf8) }
        out.member("leverage_sell") { $0.raw("[2,3,4,5]".utf8) }
        out.member("fees") { $0.raw("[[0,0.4],[10000,0.35],[50000,0.24]]".utf8) }
        out.member("fees_maker") { $0.raw("[[0,0.25],[10000,0.2],[50000,0.14]]".utf8) }
        out.member("fee_volume_currency") { $0.string("ZUSD") }
        out.member("margin_call") { $0.int(80) }
        out.member("margin_stop") { $0.int(40) }
        out.member("ordermin") { $0.string("0.00005") }
        out.member("costmin") { $0.string("0.5") }
        out.member("tick_size") { $0.string(Digits.fixed(1, priceDecimals)) }
        out.member("status") { $0.string("online") }
        out.endObject()
    }
}
