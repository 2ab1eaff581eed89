package import Series

extension Conformance {
    /// Parameters of requests and fields of a selection: a key of this name could not be told from them.
    static let reserved: Set<String> = [
        "from", "to", "limit", "cursor", "format", "fill", "resolution", "group_by", "state", "status", "reason", "ingestion_id",
        "below_gate", "dataset", "mode", "max_requests", "dry_run", "plan_id", "archives", "api_backfill", "auto_gap_fill", "trades",
        "complete", "series", "day", "month", "selection", "time",
    ]

    static func names(_ specimen: Specimen, _ findings: inout Findings) {
        let dataset = specimen.dataset
        findings.expect(isWord(dataset.name), "the dataset's name is no word")
        findings.expect(!dataset.title.isEmpty && !dataset.title.hasSuffix("."), "the title is a sentence, or nothing")
        once(dataset.shapes.map(\.name), "shape", &findings)
        once(dataset.schedules.map(\.name), "schedule", &findings)
        once(dataset.choices, "key or label", &findings)
        for choice in dataset.choices {
            findings.expect(isWord(choice), "the key \(choice) is no word")
            findings.expect(!reserved.contains(choice), "the key \(choice) is a parameter of requests")
        }
        for shape in dataset.shapes { findings.expect(!shape.name.isEmpty, "a shape has no name") }
        findings.expect(!dataset.keys.isEmpty, "series have no key")
        once(dataset.schemas.flatMap(\.migrations).map(\.name), "migration", &findings)
        for schema in dataset.schemas {
            let columns = schema.columns.map(\.name)
            once(columns, "column of \(schema.table)", &findings)
            findings.expect(isWord(schema.table), "the table \(schema.table) is no word")
            for column in columns {
                let isFree = isWord(column) && !["series_id", "time", "task_id"].contains(column)
                findings.expect(isFree, "\(schema.table): no column can be called \(column)")
            }
            let isMade = dataset.schemas.flatMap(\.migrations).contains { $0.sql.contains("create table \(schema.table) ") }
            findings.expect(isMade, "no migration makes the table \(schema.table)")
        }
        for key in specimen.keys {
            let table = dataset.table(of: key)
            for fields in [table.slotFields, table.partFields] { shown(fields, table.schema, dataset, &findings) }
        }
        texts(dataset, &findings)
    }

    /// Across datasets, that of each name, table and budget there is one.
    package static func violations(among datasets: [Dataset]) -> [String] {
        var findings = Findings("the catalogue")
        once(datasets.map(\.name), "dataset", &findings)
        once(datasets.flatMap(\.schemas).map(\.table), "table", &findings)
        for pair in Dictionary(grouping: datasets, by: \.upstream.name) where pair.value.count > 1 {
            let rates = Set(pair.value.map { [$0.upstream.rate.count, $0.upstream.rate.seconds] })
            findings.expect(rates.count == 1, "datasets share the upstream \(pair.key) at several rates")
        }
        return findings.list
    }

    private static func shown(_ fields: [ShownField], _ schema: RowSchema, _ dataset: Dataset, _ findings: inout Findings) {
        once(fields.map(\.name), "field of \(schema.table)", &findings)
        findings.expect(!fields.isEmpty, "nothing of \(schema.table) is shown")
        func column(_ place: Int, _ kinds: [RowSchema.Column.Kind], _ field: ShownField) {
            let fits = schema.columns.indices.contains(place) && (kinds.isEmpty || kinds.contains(schema.columns[place].kind))
            findings.expect(fits, "the field \(field.name) shows column \(place) of \(schema.table), which is none or of another kind")
        }
        for field in fields {
            switch field.content {
            case .key(let place): findings.expect(dataset.keys.indices.contains(place), "the field \(field.name) shows key \(place)")
            case .mean(let place): column(place, [.decimal], field)
            case .value(let place): column(place, [], field)
            case .object(let columns, let rest):
                once(columns.map(\.name), "member of \(field.name)", &findings)
                for one in columns { column(one.column, [], field) }
                column(rest, [.json], field)
            default: break
            }
        }
    }

    private static func texts(_ dataset: Dataset, _ findings: inout Findings) {
        findings.expect(dataset.finalReasons == dataset.emptyReasons.union(dataset.lostReasons), "final reasons are of neither kind")
        findings.expect(dataset.emptyReasons.isDisjoint(with: dataset.lostReasons), "what is lost was nothing, by one reason")
        for reason in dataset.finalReasons {
            findings.expect(isWord(reason), "the reason \(reason) is no word")
            findings.expect(dataset.reasonTexts[reason] != nil, "what is \(reason) for good is not explained")
        }
        for (reason, text) in dataset.reasonTexts {
            findings.expect(isWord(reason) && text.hasSuffix(".") && text.count > 10, "\(reason) is explained by no sentence")
        }
        guard let rules = dataset.quality else { return }
        once(rules.checks.map(\.name), "check", &findings)
        let names = Set(rules.checks.map(\.name))
        findings.expect(names.contains(QualityRules.otherwise), "no check is \(QualityRules.otherwise), by which other refusals count")
        for (reason, check) in rules.refusals {
            findings.expect(names.contains(check), "\(reason) is of the check \(check), which is none")
        }
        for check in rules.checks {
            findings.expect(check.weight > 0 && check.weight <= 1, "the check \(check.name) weighs \(check.weight)")
        }
    }

    private static func once(_ names: [String], _ what: String, _ findings: inout Findings) {
        for name in Set(names) {
            let count = names.count { $0 == name }
            findings.expect(count == 1, "\(count) times \(what) \(name)")
        }
    }

    /// Small letters, digits and lines below, a letter first: a word for programs, tables and paths.
    private static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, first &- UInt8(ascii: "a") < 26 else { return false }
        return text.utf8.allSatisfy { $0 &- UInt8(ascii: "a") < 26 || $0 &- UInt8(ascii: "0") < 10 || $0 == UInt8(ascii: "_") }
    }
}
