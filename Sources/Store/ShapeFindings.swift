internal import Postgres
package import Series

/// What an upstream turned out to do with a call shape, against what its dataset says of it.
package struct ShapeFinding: Sendable, Equatable {
    /// Why it is not honoured, where that was found within the last day; after that it is tried again.
    package var unusable: String?
    /// What a call of it was last found to need, within the last day too: a bad hour of the upstream must not set the price for good.
    package var needs: Step.Needs?

    package init(unusable: String? = nil, needs: Step.Needs? = nil) {
        self.unusable = unusable
        self.needs = needs
    }
}

/// By shape name.
package typealias ShapeFindings = [String: ShapeFinding]

extension Dataset {
    /// The call shapes that can be used now, at the prices that were found.
    package func shapes(by findings: ShapeFindings) -> [CallShape] {
        shapes.compactMap { shape in
            guard let finding = findings[shape.name] else { return shape }
            if finding.unusable != nil { return nil }
            return finding.needs.map { priced(shape, $0) } ?? shape
        }
    }
}

extension Store {
    /// Notes that a call shape is not honoured by this upstream.
    package func note(unusable shape: String, of dataset: String, reason: String) async throws {
        _ = try await pool.query("""
            insert into shape_findings (dataset, shape, reason) values (\(dataset), \(shape), \(reason))
            on conflict (dataset, shape) do update set reason = excluded.reason, found_at = now()
            """)
    }

    /// Notes what a call of this shape was found to need; nothing is written where that was noted within the hour.
    package func note(_ needs: Step.Needs, of shape: String, of dataset: String) async throws {
        _ = try await pool.query("""
            insert into shape_costs (dataset, shape, requests, page_rows)
            values (\(dataset), \(shape), \(Int32(clamping: needs.requests)), \(Int32(clamping: needs.pageRows)))
            on conflict (dataset, shape) do update set requests = excluded.requests, page_rows = excluded.page_rows, found_at = now()
            where (shape_costs.requests, shape_costs.page_rows) is distinct from (excluded.requests, excluded.page_rows)
                or shape_costs.found_at < now() - interval '1 hour'
            """)
    }

    package func shapeFindings(of dataset: String) async throws -> ShapeFindings {
        let rows = try await pool.read("""
            select coalesce(f.shape, c.shape), f.reason, c.requests::int8, c.page_rows::int8
            from (select * from shape_findings where dataset = \(dataset) and found_at > now() - interval '1 day') f
            full join (select * from shape_costs where dataset = \(dataset) and found_at > now() - interval '1 day') c on c.shape = f.shape
            """)
        var findings: ShapeFindings = [:]
        for row in rows {
            var finding = ShapeFinding(unusable: try row.stringOrNil(1))
            if let requests = try row.intOrNil(2), let pageRows = try row.intOrNil(3) {
                finding.needs = Step.Needs(requests: requests, pageRows: pageRows)
            }
            findings[try row.string(0)] = finding
        }
        return findings
    }
}
