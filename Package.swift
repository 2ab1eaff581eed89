// swift-tools-version: 6.2
import PackageDescription

/// The house's rules for Swift code. Warnings are errors, so that they are read once, by the author.
let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A target of the house; what it may import is exactly `imports` (ARCHITECTURE.md draws it, TidyTests holds it).
func station(_ name: String, imports: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(name: name, dependencies: imports, resources: resources, swiftSettings: rules)
}

func tests(of name: String, imports: [Target.Dependency]) -> Target {
    .testTarget(name: name + "Tests", dependencies: imports, swiftSettings: rules)
}

let package = Package(
    name: "gapless",
    products: [.executable(name: "gapless", targets: ["gapless"])],
    dependencies: [
        // Exact versions: Package.resolved is not committed. Reasons in docs/decisions.
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        // C, each a module map and at most a page of shims, each imported by its one wrapper only.
        .target(name: "CSystem"),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CRedis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure.
        station("Bytes"),
        station("Series", imports: ["Bytes"]),
        station("Datasets", imports: ["Series", "Bytes"]),

        // Wrappers on the loop.
        station("Codec", imports: ["CCrypto", "CZlib"]),
        station("EventLoop", imports: ["CSystem"]),
        station("HTTP", imports: ["Bytes", "Codec", "EventLoop"]),
        station("Postgres", imports: ["EventLoop", "Bytes", "CPostgres"]),
        station("Redis", imports: ["EventLoop", "CRedis"]),
        station("Upstream", imports: ["EventLoop", "Bytes", "CCurl"]),

        // The service.
        station("Store", imports: ["Series", "Bytes", "Codec", "Postgres", "EventLoop"]),
        station("Ingest", imports: ["Series", "Bytes", "Codec", "Store", "Upstream", "EventLoop"]),
        station("Answers", imports: ["Series", "Bytes", "Codec", "Store", "Redis", "EventLoop"]),
        station("API", imports: ["HTTP", "Answers", "Ingest", "Store", "Series", "Bytes", "Codec", "EventLoop"],
                resources: [.embedInCode("openapi.yaml")]),

        // Beside it.
        station("Sandbox", imports: ["HTTP", "Bytes", "Codec", "EventLoop"]),
        station("PrivateServers", imports: ["EventLoop"]),
        station("Command", imports: [
            "Series", "Bytes", "Datasets", "Codec", "EventLoop", "HTTP", "Postgres", "Redis", "Upstream", "Store", "Ingest",
            "Answers", "API", "Sandbox", "PrivateServers", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        .executableTarget(name: "gapless", dependencies: ["Command"], swiftSettings: rules),

        .target(
            name: "TestSupport", dependencies: ["EventLoop", "HTTP", "Bytes", "Postgres", "PrivateServers"], path: "Tests/TestSupport",
            swiftSettings: rules),
        .target(
            name: "Conformance", dependencies: ["Series", "Bytes", "TestSupport"], path: "Tests/Conformance", swiftSettings: rules),
        tests(of: "Bytes", imports: ["Bytes", "TestSupport"]),
        tests(of: "Series", imports: ["Series", "Bytes", "TestSupport"]),
        tests(of: "Codec", imports: ["Codec"]),
        tests(of: "EventLoop", imports: ["EventLoop"]),
        tests(of: "HTTP", imports: ["HTTP", "EventLoop", "Bytes", "TestSupport"]),
        tests(of: "Postgres", imports: ["Postgres", "EventLoop", "Bytes", "PrivateServers", "TestSupport"]),
        tests(of: "Redis", imports: ["Redis", "EventLoop", "PrivateServers", "TestSupport"]),
        tests(of: "Upstream", imports: ["Upstream", "EventLoop", "HTTP", "Bytes", "TestSupport"]),
        tests(of: "Datasets", imports: ["Datasets", "Series", "Bytes", "TestSupport", "Conformance"]),
        // The dataset of docs/adding-a-dataset.md, as it stands there.
        tests(of: "SixthDataset", imports: [
            "Conformance", "Series", "Bytes", "Store", "Ingest", "Answers", "Upstream", "HTTP", "EventLoop", "Postgres", "TestSupport",
        ]),
        tests(of: "Store", imports: ["Store", "Series", "Bytes", "Datasets", "Postgres", "EventLoop", "PrivateServers", "TestSupport"]),
        tests(of: "Sandbox", imports: ["Sandbox", "HTTP", "Bytes", "Codec", "EventLoop", "TestSupport"]),
        tests(of: "Service", imports: [
            "Command", "API", "Answers", "Ingest", "Store", "Datasets", "Series", "Bytes", "Codec", "HTTP", "Upstream", "Redis", "Postgres",
            "EventLoop", "Sandbox", "PrivateServers", "TestSupport",
        ]),
        tests(of: "Ingest", imports: ["Ingest", "Datasets", "Codec", "Series", "Bytes", "TestSupport"]),
        tests(of: "PrivateServers", imports: ["PrivateServers", "TestSupport"]),
        tests(of: "Tidy", imports: []),
    ]
)
