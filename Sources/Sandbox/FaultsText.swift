internal import Bytes

extension Sandbox.Faults {
    /// All of them, in the form in which they are set.
    var json: [UInt8] {
        var out = JSONWriter()
        out.beginObject()
        for (name, path) in Self.rates { out.member(name) { $0.double(self[keyPath: path]) } }
        for (name, path) in Self.counts { out.member(name) { $0.int(self[keyPath: path]) } }
        for (name, path) in Self.bounds { out.member(name) { $0.count(self[keyPath: path]) } }
        for (name, path) in Self.switches { out.member(name) { $0.bool(self[keyPath: path]) } }
        for (name, path) in Self.dayLists { out.member(name) { $0.strings(self[keyPath: path]) } }
        out.member("garbage") { $0.strings(garbage.map(\.rawValue).sorted()) }
        out.member("filter") { $0.string(filter.rawValue) }
        out.member("filters") { out in
            out.bySource { source, out in out.string(filter(source).rawValue) }
        }
        out.member("pageBase") { out in
            out.bySource { source, out in out.string(pageBase(source).rawValue) }
        }
        out.member("limitCeiling") { out in
            out.bySource { source, out in out.int(limitCeiling(source)) }
        }
        out.member("downSources") { $0.strings(downSources.map(\.rawValue).sorted()) }
        out.member("throttle", writeThrottle)
        out.member("burst502") { out in
            guard let burst502 else { return out.null() }
            out.beginObject()
            out.member("everySeconds") { $0.int(burst502.everySeconds) }
            out.member("seconds") { $0.int(burst502.seconds) }
            out.endObject()
        }
        out.member("lateDays") { out in
            out.beginObject()
            for (day, count) in lateDays.sorted(by: { $0.key < $1.key }) { out.member(day) { $0.int(count) } }
            out.endObject()
        }
        out.member("kraken", kraken.write)
        out.member("metrics", metrics.write)
        out.member("polygon", polygon.write)
        out.member("keepa", keepa.write)
        out.endObject()
        return out.bytes
    }

    private func writeThrottle(_ out: inout JSONWriter) {
        if throttlePerHour == nil && retryAfter == nil { return out.null() }
        out.beginObject()
        out.member("perHour") { $0.count(throttlePerHour) }
        out.member("retryAfter") { out in
            switch retryAfter {
            case nil: out.null()
            case .seconds(let seconds): out.int(seconds)
            case .date(let seconds): out.string("date:\(seconds)")
            case .text(let text): out.string(text)
            }
        }
        out.endObject()
    }
}

extension JSONWriter {
    mutating func member(_ name: String, _ write: (inout JSONWriter) -> Void) {
        key(name)
        write(&self)
    }

    mutating func count(_ value: Int?) { if let value { int(value) } else { null() } }

    mutating func strings(_ values: [String]) {
        beginArray()
        for value in values { string(value) }
        endArray()
    }

    fileprivate mutating func bySource(_ write: (Source, inout JSONWriter) -> Void) {
        beginObject()
        for source in Source.allCases { member(source.rawValue) { write(source, &$0) } }
        endObject()
    }
}
