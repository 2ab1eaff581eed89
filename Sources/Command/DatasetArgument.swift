internal import ArgumentParser
internal import Datasets

/// How a dataset is named on the command line.
enum DatasetArgument {
    static let help = help(otherwise: nil)

    /// `otherwise`: which are meant where none is named.
    static func help(otherwise: String?) -> ArgumentHelp {
        let names = Catalog.names
        let last = names.last ?? ""
        let all = names.count > 1 ? "\(names.dropLast().joined(separator: ", ")) or \(last)" : last
        return ArgumentHelp("The dataset: \(all)\(otherwise.map { "; default: \($0)" } ?? "").")
    }

    static var completion: CompletionKind { .list(Catalog.names) }
}
