// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// What the simulation goes through a million times a minute is optimised in test builds, too.
let optimised: [SwiftSetting] = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

let package = Package(
    name: "bobbin",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    ],
    targets: [
        // The mock upstream for demos and tests: a program of its own, so that bobbin carries no web server.
        .target(name: "CUpstream"),
        .target(name: "Upstream", dependencies: ["CUpstream"], swiftSettings: settings),
        .executableTarget(
            name: "bobbin-upstream",
            dependencies: [
                "CUpstream", "Upstream",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "FlyingFox", package: "FlyingFox"),
                .product(name: "FlyingSocks", package: "FlyingFox"),
            ],
            swiftSettings: settings),

        // System libraries: a module map and a shim, nothing else.
        .systemLibrary(name: "CPlatform"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        .target(name: "JSON", swiftSettings: optimised),
        .target(name: "Manifest", dependencies: ["JSON"], swiftSettings: optimised),
        .target(name: "Threads", swiftSettings: optimised),
        .target(name: "Storage", swiftSettings: optimised),
        .target(
            name: "Chunk",
            dependencies: ["JSON", "Manifest", "CZstd", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: optimised),
        .target(
            name: "Spool", dependencies: ["Chunk", "JSON", "Manifest", "Storage", "Threads"], swiftSettings: optimised),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CCurlShims", dependencies: ["CCurl"]),
        // Declarations only: zlib is loaded at run time, so that its headers need not be installed.
        .systemLibrary(name: "CZlibABI"),
        .systemLibrary(name: "CMySQLABI"),
        .systemLibrary(name: "CDuckDBABI"),
        .systemLibrary(name: "CODBCABI"),
        .target(
            name: "Configuration", dependencies: ["Manifest", .product(name: "Yams", package: "Yams")],
            swiftSettings: settings),
        .target(
            name: "HTTP",
            dependencies: ["CCurl", "CCurlShims", "JSON", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .target(name: "Formats", dependencies: ["CZstd", "CZlibABI"], swiftSettings: settings),
        .target(
            name: "Extract",
            dependencies: [
                "Chunk", "Configuration", "Databases", "Formats", "HTTP", "JSON", "Manifest", "Spool", "Storage",
                "Threads",
            ],
            swiftSettings: settings),
        .target(
            name: "Databases", dependencies: ["CDuckDBABI", "CMySQLABI", "CODBCABI", "CSQLite"],
            swiftSettings: settings),
        .target(
            name: "Load", dependencies: ["Chunk", "Databases", "JSON", "Manifest", "Spool", "Storage", "Threads"],
            swiftSettings: optimised),
        .executableTarget(
            name: "bobbin",
            dependencies: [
                "CPlatform", "Chunk", "Configuration", "Databases", "Extract", "HTTP", "JSON", "Load", "Manifest",
                "Spool", "Storage", "Threads", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .testTarget(
            name: "EndToEndTests", dependencies: ["bobbin", "bobbin-upstream", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "SpoolToolsTests",
            dependencies: [
                "Chunk", "Databases", "Extract", "JSON", "Load", "Manifest", "Spool", "Storage", "TestKit", "Threads",
            ],
            swiftSettings: settings),

        // Tests
        .target(
            name: "TestKit",
            dependencies: ["Chunk", "Databases", "JSON", "Load", "Manifest", "Spool", "Storage", "Threads"],
            path: "Tests/TestKit", swiftSettings: settings),
        .testTarget(
            name: "ManifestTests", dependencies: ["JSON", "Manifest", "TestKit"], exclude: ["Fixtures"],
            swiftSettings: settings),
        .testTarget(
            name: "CrashTests", dependencies: ["Load", "Manifest", "Spool", "Storage", "TestKit", "Threads"],
            swiftSettings: settings),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Chunk", "Configuration", "Extract", "JSON", "Load", "Manifest", "Spool", "Storage", "TestKit",
                "Threads",
            ],
            swiftSettings: optimised),
        .testTarget(name: "TidyTests", dependencies: ["Storage"], swiftSettings: settings),
        .testTarget(name: "ThreadsTests", dependencies: ["Threads"], swiftSettings: settings),
        .testTarget(name: "StorageTests", dependencies: ["Storage", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "SpoolTests", dependencies: ["Manifest", "Spool", "Storage", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "LoadTests", dependencies: ["Databases", "JSON", "Load", "Manifest", "Spool", "Storage", "TestKit"],
            swiftSettings: settings),
        .testTarget(
            name: "DatabasesTests", dependencies: ["CMySQLABI", "CODBCABI", "Databases", "TestKit"],
            swiftSettings: settings),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestKit"], swiftSettings: settings),
        .testTarget(name: "ChunkTests", dependencies: ["Chunk", "Manifest", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "ExtractTests",
            dependencies: [
                "Chunk", "Configuration", "Databases", "Extract", "Formats", "HTTP", "JSON", "Manifest", "Spool",
                "Storage", "TestKit", "Threads",
            ],
            swiftSettings: settings),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP"], exclude: ["peer.py"], swiftSettings: settings),
        .testTarget(name: "FormatsTests", dependencies: ["Formats", "CZstd", "TestKit"], swiftSettings: settings),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "Manifest"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
