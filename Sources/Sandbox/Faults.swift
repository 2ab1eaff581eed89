internal import Bytes

extension Sandbox {
    /// What goes wrong on purpose, switchable while it runs. Rates are probabilities a request, 0...1.
    package struct Faults: Sendable, Hashable {
        /// What the `bar_transf` filter does.
        package enum Filter: String, Sendable, Hashable { case works, ignored, refused = "429", broken = "500" }

        /// A page in the middle comes empty and without `totalPages`.
        package var emptyPageRate = 0.0
        /// A page comes with half its rows.
        package var shortPageRate = 0.0
        /// The order shifts between the requests of a scan: rows come twice, others never, and the total stays right.
        package var duplicateAndOmit = 0.0
        package var error502Rate = 0.0
        package var error500Rate = 0.0
        /// The body ends in the middle.
        package var cutBodyRate = 0.0
        package var latencyMs = 0
        /// Numbers come as text with a decimal comma.
        package var decimalComma = false
        package var filter = Filter.works
        /// Requests a rolling hour and key, instead of the configured quota.
        package var throttlePerHour: Int?
        /// Seconds told in Retry-After; without it a 429 tells nothing.
        package var retryAfter: Int?
        /// Days (YYYY-MM-DD) whose every request ends in 502.
        package var lostDays: [String] = []

        package init() {}

        /// A value outside its range, an unknown name or a wrong type: the name.
        package struct Refused: Error, Sendable, Hashable, CustomStringConvertible {
            package let name: String
            package var description: String { "not understood: \(name)" }
        }

        /// Changes what the document names, and leaves the rest as it is; an empty object changes nothing.
        mutating func change(by json: [UInt8]) throws(Refused) {
            guard case .object(let members)? = try? JSONValue(parsing: json) else { throw Refused(name: "the body is not a JSON object") }
            var changed = self
            for (name, value) in members { try changed.set(name, value) }
            self = changed
        }

        private mutating func set(_ name: String, _ value: JSONValue) throws(Refused) {
            func rate() throws(Refused) -> Double {
                guard case .number(let text) = value, let rate = Double(text), (0...1).contains(rate) else { throw Refused(name: name) }
                return rate
            }
            func count(_ value: JSONValue?) throws(Refused) -> Int? {
                switch value {
                case nil, .null: return nil
                case .number(let text):
                    guard let count = Int(text), count >= 0 else { throw Refused(name: name) }
                    return count
                default: throw Refused(name: name)
                }
            }
            switch name {
            case "emptyPageRate": emptyPageRate = try rate()
            case "shortPageRate": shortPageRate = try rate()
            case "duplicateAndOmit": duplicateAndOmit = try rate()
            case "error502Rate": error502Rate = try rate()
            case "error500Rate": error500Rate = try rate()
            case "cutBodyRate": cutBodyRate = try rate()
            case "latencyMs": latencyMs = min(600_000, try count(value) ?? 0)
            case "decimalComma":
                guard case .bool(let on) = value else { throw Refused(name: name) }
                decimalComma = on
            case "filter":
                let text: String
                switch value {
                case .string(let word): text = word
                case .number(let digits): text = digits
                default: throw Refused(name: name)
                }
                guard let filter = Filter(rawValue: text) else { throw Refused(name: name) }
                self.filter = filter
            case "throttle":
                if case .null = value {
                    (throttlePerHour, retryAfter) = (nil, nil)
                } else {
                    guard case .object(let members) = value else { throw Refused(name: name) }
                    throttlePerHour = try count(members.first { $0.0 == "perHour" }?.1)
                    retryAfter = try count(members.first { $0.0 == "retryAfter" }?.1)
                }
            case "lostDays":
                guard case .array(let days) = value else { throw Refused(name: name) }
                lostDays = []
                for day in days {
                    guard case .string(let text) = day, LocalDate(text) != nil else { throw Refused(name: name) }
                    lostDays.append(text)
                }
            default: throw Refused(name: name)
            }
        }

        var json: [UInt8] {
            var out = JSONWriter()
            out.beginObject()
            for (name, rate) in [
                ("emptyPageRate", emptyPageRate), ("shortPageRate", shortPageRate), ("duplicateAndOmit", duplicateAndOmit),
                ("error502Rate", error502Rate), ("error500Rate", error500Rate), ("cutBodyRate", cutBodyRate),
            ] {
                out.key(name)
                out.double(rate)
            }
            out.key("latencyMs")
            out.int(latencyMs)
            out.key("decimalComma")
            out.bool(decimalComma)
            out.key("filter")
            out.string(filter.rawValue)
            out.key("throttle")
            if throttlePerHour == nil && retryAfter == nil {
                out.null()
            } else {
                out.beginObject()
                out.key("perHour")
                if let throttlePerHour { out.int(throttlePerHour) } else { out.null() }
                out.key("retryAfter")
                if let retryAfter { out.int(retryAfter) } else { out.null() }
                out.endObject()
            }
            out.key("lostDays")
            out.beginArray()
            for day in lostDays { out.string(day) }
            out.endArray()
            out.endObject()
            return out.bytes
        }
    }
}
