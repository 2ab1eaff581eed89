/// What this program is, said in one place: `--version`, and held against the contract by a test.
enum Version {
    /// Semantic versioning 2.0.0; raised with CHANGELOG.md and openapi.yaml.
    static let number = "0.1.0"
}
