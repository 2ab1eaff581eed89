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
    targets: [
        // C, each a module map and at most a page of shims, each imported by its one wrapper only.
        .target(name: "CSystem"),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure.
        station("Bytes"),
        station("Series", imports: ["Bytes"]),

        // Wrappers on the loop.
        station("Codec", imports: ["CCrypto", "CZlib"]),
        station("EventLoop", imports: ["CSystem"]),
        station("HTTP", imports: ["Bytes", "Codec", "EventLoop"]),



        tests(of: "Bytes", imports: ["Bytes"]),
        tests(of: "Series", imports: ["Series", "Bytes"]),
        tests(of: "Codec", imports: ["Codec"]),
        tests(of: "EventLoop", imports: ["EventLoop"]),
        tests(of: "HTTP", imports: ["HTTP", "EventLoop", "Bytes"]),
    ]
)
