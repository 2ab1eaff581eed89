/// So many requests in so much time, written `350/PT1H`: a count and an ISO 8601 duration.
package struct RequestRate: Sendable, Hashable, CustomStringConvertible {
    package let count: Int
    package let seconds: Int

    package init(count: Int, seconds: Int) {
        self.count = count
        self.seconds = seconds
    }

    package var perSecond: Double { Double(count) / Double(seconds) }
    package var description: String { "\(count)/PT\(seconds)S" }

    /// Why a text is not a rate, in a sentence for the person who wrote it.
    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    package init(parsing text: String) throws(Refusal) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            let number = Int(text) == nil ? "350" : text
            throw Refusal(
                description: "'\(text)' lacks its unit: requests per ISO 8601 duration are wanted, such as \(number)/PT1H (an hour), "
                    + "\(number)/PT1M (a minute) or \(number)/PT1S (a second)")
        }
        guard let count = Int(parts[0]), (1...1_000_000_000).contains(count) else {
            throw Refusal(description: "'\(parts[0])' in '\(text)' is not a number of requests, 1 or more")
        }
        guard let seconds = RequestRate.seconds(ofDuration: String(parts[1])), seconds > 0 else {
            throw Refusal(description: "'\(parts[1])' in '\(text)' is not an ISO 8601 duration such as PT1H, PT1M or PT1S")
        }
        self.init(count: count, seconds: seconds)
    }

    /// The seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds, whole numbers each: `P1DT12H`. nil for
    /// anything else; years and months have no fixed length.
    package static func seconds(ofDuration text: String) -> Int? {
        var units: [(Character, Int)] = [("W", 604_800), ("D", 86_400)]
        var total = 0
        var digits = ""
        var named = 0
        var inTime = false
        guard text.first == "P" else { return nil }
        for character in text.dropFirst() {
            if character == "T" {
                if inTime || !digits.isEmpty { return nil }
                inTime = true
                named = 0
                units = [("H", 3600), ("M", 60), ("S", 1)]
            } else if character.isASCII, character.isNumber {
                digits.append(character)
                if digits.count > 9 { return nil }
            } else {
                guard let number = Int(digits), let at = units.firstIndex(where: { $0.0 == character }) else { return nil }
                total += number * units[at].1
                // Each unit once, the larger first.
                units.removeFirst(at + 1)
                digits = ""
                named += 1
            }
        }
        return digits.isEmpty && named > 0 ? total : nil
    }
}
