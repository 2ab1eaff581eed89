internal import Series

extension Conformance {
    /// Each shape that asks has a call that ends proved with what is expected, the same way each time; others ask nothing.
    static func dialogues(_ specimen: Specimen, _ findings: inout Findings) {
        let dataset = specimen.dataset
        let shown = Set(specimen.calls.map(\.order.shape))
        for shape in dataset.shapes where !shape.kind.isLocal {
            findings.expect(shown.contains(shape.name), "the specimen has no call of the shape \(shape.name)")
        }
        for call in specimen.calls {
            let name = call.order.shape
            lawful(call.order, dataset, &findings)
            var good = Dialogue(dataset.exchange(call.order))
            findings.expect(!good.isOver, "\(name): asks for nothing")
            do throws(AnswerDefect) { try good.finish(call) } catch {
                findings.expect(false, "\(name): a right answer is refused: \(error.reason)")
                continue
            }
            findings.expect(good.isProved, "\(name): ends \(good.end.map { "\($0)" } ?? "never"), expected is a proof")
            let rows = call.placed
            findings.expect(good.rows == rows, "\(name): \(difference(good.rows, rows))")
            findings.expect(good.found == call.placedFound, "\(name): \(good.found.count) rows found, expected are \(call.found.count)")
            findings.expect(!rows.isEmpty || !call.found.isEmpty, "\(name): the specimen expects no row")
            findings.expect(good.quarantined.isEmpty, "\(name): refused of right answers: \(good.quarantined.first?.reason ?? "")")
            judge(good, of: call.order, dataset, &findings, name)
            judge(good.requests, of: call.order, dataset, &findings)
            let first = good.requests.count { $0.attempt == 0 }
            findings.expect(first <= call.order.requests, "\(name): planned are \(call.order.requests) requests, asked for were \(first)")
            findings.expect(Set(good.requests).count == good.requests.count, "\(name): one request twice")
            for pick in [{ _ in 0 }, { $0 - 1 }] as [(Int) -> Int] {
                var again = Dialogue(dataset.exchange(call.order))
                findings.expect(again.requests == Array(good.requests.prefix(again.requests.count)), "\(name): begins otherwise each time")
                let isSame = (try? again.finish(call, pick: pick)) != nil && again.rows == good.rows && again.isProved
                findings.expect(isSame, "\(name): another time, or in another order, the same answers come to something else")
            }
            var other = Dialogue(dataset.exchange(call.order))
            findings.expect((try? other.finish(call)) != nil && other.isAsGood(as: good), "\(name): the same answers, other requests")
        }
    }

    /// The specimen's own order is one that a plan could hold.
    private static func lawful(_ order: CallOrder, _ dataset: Dataset, _ findings: inout Findings) {
        guard let shape = dataset.call(order.shape) else {
            findings.expect(false, "there is no shape \(order.shape)")
            return
        }
        let isServed = order.series.allSatisfy { shape.channel.isEmpty || dataset.channel($0) == shape.channel }
        findings.expect(isServed, "\(shape.name): its channel is \(shape.channel), a series of the specimen is of another")
        findings.expect(Set(order.series.map(dataset.channel)).count == 1, "\(shape.name): the specimen's series are of several channels")
        switch shape.kind {
        case .window(let most):
            findings.expect(order.series.count == 1 && order.periods.count <= most, "\(shape.name): more than a window holds")
        case .batch(let most):
            findings.expect(order.series.count <= most && order.periods.count == 1, "\(shape.name): more than a batch holds")
        case .sweep: findings.expect(order.periods.count == 1, "\(shape.name): a sweep is of one period")
        default: break
        }
    }

    /// Requests name neither host nor secret, and are of their scope.
    static func judge(_ requests: [UpstreamRequest], of order: CallOrder, _ dataset: Dataset, _ findings: inout Findings) {
        let secrets: Set<String> = switch dataset.upstream.credential {
        case .query(let name), .header(let name): [name.lowercased(), "apikey", "api_key", "authorization"]
        default: ["apikey", "api_key", "authorization"]
        }
        for request in requests {
            let segments = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            let isPath = request.path.hasPrefix("/") && !request.path.hasPrefix("//") && !request.path.contains("://")
                && !segments.contains("..") && !segments.contains(".")
            findings.expect(isPath, "\(order.shape): asks for \(request.path), which is no path")
            let isQuiet = request.query.allSatisfy { !secrets.contains($0.name.lowercased()) && !$0.value.contains("://") }
            findings.expect(isQuiet, "\(order.shape): a query has what is the caller's, a secret or a host")
            let scope = dataset.upstream.pacedByChannel ? order.series.first.map(dataset.channel) : nil
            findings.expect(request.scope == scope, "\(order.shape): the scope is \(request.scope ?? "none"), expected \(scope ?? "none")")
        }
    }

    private static func difference(_ rows: [Dialogue.Place: [Value]], _ expected: [Dialogue.Place: [Value]]) -> String {
        let missing = expected.keys.filter { rows[$0] == nil }.count
        let more = rows.keys.filter { expected[$0] == nil }.count
        let other = expected.first { rows[$0.key] != nil && rows[$0.key] != $0.value }
        let shown = other.map { "; at \($0.key.time) \(rows[$0.key] ?? []), expected \($0.value)" } ?? ""
        return "of \(expected.count) rows \(missing) did not come, \(more) came that are not expected\(shown)"
    }
}
