internal import Bytes
internal import Datasets

extension SettingsReader {
    /// What is followed of CMG: `CMG_NODES`, `CMG_SOURCES`, `CMG_ONLINE_WINDOW`, `CMG_PROGRAMME_NODES_FILE`.
    func cmg() throws(SettingError) -> CMG.Following {
        let nodes = try names("CMG_NODES")
        return CMG.Following(
            nodes: nodes.isEmpty ? CMG.chiloeNodes : nodes, sources: try cmgSources(),
            onlineWindowDays: try days("CMG_ONLINE_WINDOW", in: 1...10_000) ?? CMG.Following.onlineWindowDays,
            programmeNodes: try programmeNodes())
    }

    private func cmgSources() throws(SettingError) -> [CMGSource] {
        let named = try names("CMG_SOURCES")
        if named.isEmpty { return CMGSource.allCases }
        for name in named where CMGSource(rawValue: name) == nil {
            throw SettingError(
                variable: "CMG_SOURCES",
                expected: "expected some of \(CMGSource.allCases.map(\.rawValue).joined(separator: ", ")), not \(name)")
        }
        return CMGSource.allCases.filter { named.contains($0.rawValue) }
    }

    /// A duration of whole days.
    private func days(_ name: String, in range: ClosedRange<Int64>) throws(SettingError) -> Int? {
        guard let seconds = try duration(name, in: range.lowerBound * 86_400...range.upperBound * 86_400) else { return nil }
        guard seconds % 86_400 == 0 else { throw SettingError(variable: name, expected: "expected whole days, such as P850D") }
        return Int(seconds / 86_400)
    }

    private func programmeNodes() throws(SettingError) -> ProgrammeNodes {
        let variable = "CMG_PROGRAMME_NODES_FILE"
        guard let path = text(variable) else { return .builtIn }
        let table = try readSettingsBytes(path, named: variable)
        do throws(TableRefusal) { return try ProgrammeNodes.builtIn.extended(byCSV: table) } catch {
            throw SettingError(variable: variable, expected: "\(path), \(error)")
        }
    }
}
