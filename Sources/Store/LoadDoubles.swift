internal import Bytes
internal import Postgres
internal import Series

/// Times that one file names more than once.
extension Store {
    private static let shownContradictions = 1000

    /// Takes the second of two equal rows out of the temporary table, and all rows of a time of which two different ones are left. How
    /// many are gone.
    static func dropDoubles(_ target: LoadTarget, _ load: inout Load) async throws -> Int {
        let columns = target.columns
        let first = columns.map { "first.\($0)" as SQL }.joined(separator: ", ")
        let given = columns.map { "given.\($0)" as SQL }.joined(separator: ", ")
        let equal = try await target.connection.execute("""
            with doubled as (
                select time, min(place) as place from \(target.staged) group by time having count(*) > 1
            )
            delete from \(target.staged) given using doubled join \(target.staged) first on first.place = doubled.place
            where given.time = doubled.time and given.place > doubled.place and (\(given)) is not distinct from (\(first))
            """)
        let rows = try await target.connection.query("""
            with gone as (
                delete from \(target.staged) where time in (select time from \(target.staged) group by time having count(*) > 1)
                returning place, time, \(columns)
            )
            select count(*) over (), gone.* from gone order by place limit \(shownContradictions)
            """)
        let contradicting = try rows.first?.int(0) ?? 0
        load.outcome.quarantined += contradicting
        load.outcome.contradictions = try rows.map { row in
            let values = try target.schema.columns.enumerated().map { try value(of: row, at: $0.offset + 3, kind: $0.element.kind) }
            return QuarantinedRecord(
                reason: "another row of the same time says otherwise", record: record(values, target.schema), time: try row.instant(2),
                place: "row \(try row.int(1))")
        }
        return equal + contradicting
    }

    private static func record(_ values: [Value], _ schema: RowSchema) -> String {
        zip(schema.columns, values).map { column, value in
            switch value {
            case .null, .kept: "\(column.name)="
            case .decimal(let value): "\(column.name)=\(value)"
            case .integer(let value): "\(column.name)=\(value)"
            case .text(let value): "\(column.name)=\(value)"
            }
        }.joined(separator: " ")
    }

    /// The parts that the rows of the temporary table fill.
    static func stagedParts(_ target: LoadTarget) async throws -> SlotSet {
        var cover = RowCover(target.dataset, target.key)
        try await target.connection.copyOut(
            "copy (select extract(epoch from time)::bigint from \(target.staged) order by time) to stdout"
        ) { line in
            guard let time = Int64(String(decoding: line.dropLast(), as: UTF8.self)) else { return }
            cover.add(time)
        }
        return cover.finished()
    }
}
