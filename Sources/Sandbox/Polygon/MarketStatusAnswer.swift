internal import Bytes

/// `GET /v1/marketstatus/upcoming` and `GET /v1/marketstatus/now`.
extension PolygonService {
    /// The holidays and early closes of a year ahead, each of both exchanges.
    func upcoming(now: Int64) -> Answer {
        let found = book.calendar.exceptions(from: book.today(now), days: 365)
        var out = JSONWriter(capacity: 4_096)
        out.beginArray()
        for (day, exception) in found {
            for exchange in ["NYSE", "NASDAQ"] {
                out.beginObject()
                out.member("exchange") { $0.string(exchange) }
                out.member("name") { $0.string(exception.name) }
                out.member("date") { $0.string(LocalDate(daysSince1970: day).description) }
                out.member("status") { $0.string(exception.isClosed ? "closed" : "early-close") }
                if let session = book.calendar.session(day) {
                    out.member("open") { $0.string(PolygonService.milliseconds(session.open)) }
                    out.member("close") { $0.string(PolygonService.milliseconds(session.close)) }
                }
                out.endObject()
            }
        }
        out.endArray()
        return Answer(status: 200, type: PolygonService.type, body: out.bytes)
    }

    /// `2022-11-25T14:30:00.000Z`.
    private static func milliseconds(_ instant: Int64) -> String { Timestamp.text(instant).dropLast() + ".000Z" }

    func marketNow(now: Int64) -> Answer {
        let local = book.calendar.zone.local(at: now)
        let session = book.calendar.session(local.date.daysSince1970)
        var (isEarly, isLate, isOpen) = (false, false, false)
        if let session {
            isOpen = session.open <= now && now < session.close
            // From 04:00 on, and four hours after the close.
            isEarly = now >= session.open - 19_800 && now < session.open
            isLate = now >= session.close && now < session.due
        }
        let word = isOpen ? "open" : isEarly || isLate ? "extended-hours" : "closed"
        var out = JSONWriter()
        out.beginObject()
        out.member("market") { $0.string(word) }
        out.member("earlyHours") { $0.bool(isEarly) }
        out.member("afterHours") { $0.bool(isLate) }
        out.member("serverTime") { $0.timestamp(now, offset: local.offset) }
        out.member("exchanges") { out in
            out.beginObject()
            for exchange in ["nyse", "nasdaq", "otc"] { out.member(exchange) { $0.string(word) } }
            out.endObject()
        }
        out.member("currencies") { out in
            out.beginObject()
            out.member("fx") { $0.string((1...5).contains(local.date.weekday) ? "open" : "closed") }
            out.member("crypto") { $0.string("open") }
            out.endObject()
        }
        out.endObject()
        return Answer(status: 200, type: PolygonService.type, body: out.bytes)
    }
}
