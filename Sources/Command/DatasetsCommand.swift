internal import Answers
internal import ArgumentParser
internal import Bytes

struct DatasetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datasets", abstract: "Show what is kept complete here, and how fresh it is.")

    @OptionGroup var common: CommandOptions

    @Flag(help: "One JSON array, of what GET /v1/datasets answers.")
    var json = false

    func run() throws {
        try common.reportingErrors { settings, log in
            try AttachedStore.with(settings, log) { attached in
                let body = try attached.reading { _, reader in try await reader.datasetsSummary().body }
                let datasets = try JSONValue(parsing: body)["data"] ?? .array([])
                json ? say(String(decoding: datasets.bytes, as: UTF8.self)) : say(Self.table(datasets.array ?? []))
            }
        }
    }

    private static func table(_ datasets: [JSONValue]) -> TextTable {
        var table = TextTable([
            .init(title: "dataset"), .init(title: "title", spare: 5, isElastic: true), .init(title: "series", side: .right, spare: 4),
            .init(title: "zone", spare: 3), .init(title: "held until", spare: 1), .init(title: "missing", side: .right),
            .init(title: "complete", side: .right, spare: 2),
        ])
        for dataset in datasets {
            let freshness = dataset["freshness"]
            table.add([
                dataset["name"]?.string ?? "", dataset["title"]?.string ?? "", dataset["series"]?.numberText ?? "",
                dataset["time_zone"]?.string ?? "", freshness?["held_until"]?.string ?? "never", freshness?["missing"]?.numberText ?? "",
                freshness?["completeness"]?.numberText ?? "",
            ])
        }
        return table
    }
}
