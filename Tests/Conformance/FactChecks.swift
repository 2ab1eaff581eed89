internal import Series
internal import TestSupport

extension Conformance {
    static func costs(_ specimen: Specimen, _ findings: inout Findings) {
        let dataset = specimen.dataset
        for shape in dataset.shapes {
            let isCallers = shape.secondsPerRequest > 0 || shape.kind.isLocal
            findings.expect(isCallers, "\(shape.name): a request takes no time")
            let priced = [1, 3, 700].flatMap { requests in
                [1, 90, 100_000].map { dataset.priced(shape, Step.Needs(requests: requests, pageRows: $0)) }
            }
            for one in [shape] + priced {
                findings.expect(one.name == shape.name && one.channel == shape.channel, "\(shape.name): at another price it is \(one.name)")
                if shape.kind.isLocal {
                    let isFree = one != shape || one.cost(periods: 9, series: 9) == .zero
                    findings.expect(isFree, "\(shape.name): costs though nobody is asked")
                    continue
                }
                findings.expect(one.cost(periods: 1, series: 1).requests > 0, "\(shape.name): a call costs nothing")
                for periods in 1...40 {
                    for series in [1, 2, 30] {
                        let cost = one.cost(periods: periods, series: series)
                        let more = [one.cost(periods: periods + 1, series: series), one.cost(periods: periods, series: series + 1)]
                        let grows = more.allSatisfy { $0.requests >= cost.requests && $0.tokens >= cost.tokens }
                        findings.expect(grows, "\(shape.name): \(periods) periods of \(series) series cost more than more of them")
                    }
                }
                switch one.kind {
                case .window(let most): findings.expect(most > 0, "\(shape.name): a window of \(most) periods")
                case .batch(let most): findings.expect(most > 0, "\(shape.name): a batch of \(most) series")
                case .newest(let slots): findings.expect(slots > 0, "\(shape.name): the newest \(slots) slots")
                default: break
                }
            }
        }
        for key in specimen.keys where !dataset.channel(key).isEmpty {
            let isServed = dataset.shapes.contains { $0.channel.isEmpty || $0.channel == dataset.channel(key) }
            findings.expect(isServed, "no shape is of the channel \(dataset.channel(key)) of \(key)")
        }
        let profile = dataset.upstream
        findings.expect(profile.rate.count > 0 && profile.rate.seconds > 0, "the upstream's rate lets nothing through")
        findings.expect(profile.requestsInFlight > 0 && profile.timeoutSeconds > 0, "the upstream is given no room or no time")
        for call in specimen.calls {
            var dialogue = Dialogue(dataset.exchange(call.order))
            guard let request = dialogue.waiting.first, let body = call.answer(request) else { continue }
            findings.expect(body.utf8.count <= profile.bodyBytesMax, "\(call.order.shape): its answer is longer than bodyBytesMax")
            try? dialogue.receive(Array(body.utf8))
        }
    }

    static func spellings(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        let dataset = specimen.dataset
        func hold(_ name: String, _ value: String) -> String? {
            guard let spelt = dataset.canonical(name, value) else { return nil }
            let again = dataset.canonical(name, spelt)
            findings.expect(again == spelt, "\(name): `\(value)` is spelt `\(spelt)`, and that `\(again ?? "not at all")`")
            return spelt
        }
        for key in Set(specimen.keys + dataset.followed) {
            guard findings.expect(key.values.count == dataset.keys.count, "\(key) has not a value for each key") else { continue }
            for (name, value) in zip(dataset.keys, key.values) {
                findings.expect(hold(name, value) == value, "\(name): a series is followed by another spelling, `\(value)`")
            }
            for label in dataset.labels {
                let isKnown = label.values.isEmpty || label.values.contains(label.of(key))
                findings.expect(isKnown, "\(label.name): \(key) has \(label.of(key)), which is no value of it")
            }
        }
        for name in dataset.choices {
            for value in dataset.values(of: name) + dataset.defaults(name) + [dataset.readDefaults[name]].compactMap(\.self) {
                findings.expect(hold(name, value) == value, "\(name): the value `\(value)` is spelt otherwise")
            }
            let known = dataset.values(of: name)
            if let usual = dataset.readDefaults[name], !known.isEmpty {
                findings.expect(known.contains(usual), "\(name): what is meant without it, \(usual), is no value of it")
            }
            for value in ["", " ", "a", "A", " a ", "é", "BRK-B", "xbt/usd", "1h", "PT1H", "0060", "*"] { _ = hold(name, value) }
            let bytes = Array("aAbB/.-_: 019*é".unicodeScalars)
            for _ in 0..<300 {
                let text = (0..<dice.below(10)).map { _ in bytes[dice.below(bytes.count)] }
                _ = hold(name, String(String.UnicodeScalarView(text)))
            }
        }
        for correction in dataset.corrections {
            for (name, values) in correction.keys {
                findings.expect(dataset.choices.contains(name), "corrections are of \(name), which is no key")
                for value in values { findings.expect(hold(name, value) == value, "corrections are of \(name) `\(value)`") }
            }
            findings.expect(correction.ages.allSatisfy { $0 >= 0 } && (correction.lastSlots ?? 1) > 0, "corrections of no age")
        }
    }

    /// A row is merged with itself without a change, with another into what the two say, and once more without a change.
    static func merging(_ specimen: Specimen, _ dice: inout Seeded, _ findings: inout Findings) {
        let dataset = specimen.dataset
        for schema in dataset.schemas {
            let columns = schema.columns.count
            findings.expect(schema.compared.allSatisfy(schema.columns.indices.contains), "\(schema.table): compared is no column")
            if let rank = schema.rank {
                let isCount = schema.columns.indices.contains(rank) && schema.columns[rank].kind == .integer
                findings.expect(isCount, "\(schema.table): ranked by what is no whole number")
            }
            guard let merge = schema.merge else { continue }
            let rows = specimen.calls.flatMap { call in
                call.rows.filter { dataset.schema(of: call.order.series[$0.series]).table == schema.table }.map(\.values)
                    + call.found.filter { dataset.schema(of: $0.key).table == schema.table }.map(\.values)
            }
            guard findings.expect(!rows.isEmpty, "\(schema.table): the specimen has no row of it") else { continue }
            func some() -> [Value] {
                var row = rows[dice.below(rows.count)]
                for column in 0..<columns where dice.chance(30) {
                    row[column] = dice.chance(40) ? .null : rows[dice.below(rows.count)][column]
                }
                return row
            }
            for _ in 0..<600 where !findings.isFull {
                let older = some()
                var newer = dice.chance(20) ? older : some()
                // Often the same of a record, told by somebody else.
                if dice.chance(40) { for column in schema.compared { newer[column] = older[column] } }
                let merged = merge(older, newer)
                findings.expect(merge(older, older) == older, "\(schema.table): \(older) and itself are another row")
                guard findings.expect(merged.count == columns, "\(schema.table): a merged row of \(merged.count) values") else { continue }
                let isOfBoth = merged.indices.allSatisfy { merged[$0] == older[$0] || merged[$0] == newer[$0] }
                findings.expect(isOfBoth, "\(schema.table): \(merged) is made of neither \(older) nor \(newer)")
                let isSettled = merge(merged, newer) == merged && merge(older, merged) == merged
                findings.expect(isSettled, "\(schema.table): \(older) and \(newer) are \(merged), and once more another row")
                if schema.compared.allSatisfy({ older[$0] == newer[$0] }) {
                    let isKept = merged.indices.allSatisfy { older[$0] == .null || merged[$0] != .null }
                    findings.expect(isKept, "\(schema.table): of equal rows \(older) and \(newer) a null has the better of a value")
                }
            }
        }
    }
}
