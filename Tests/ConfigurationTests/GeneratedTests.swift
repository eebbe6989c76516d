import Foundation
import Manifest
import Testing

@testable import Configuration

@Suite struct GeneratedTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test(arguments: [
        ("schema/bobbin.schema.json", jsonSchema()), ("docs/configuration.md", configurationReference()),
    ])
    func isUpToDate(path: String, text: String) throws {
        let file = Self.root.appending(path: path)
        if ProcessInfo.processInfo.environment["UPDATE_GENERATED"] == "1" {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let committed = try String(contentsOf: file, encoding: .utf8)
        #expect(committed == text, "run the tests with UPDATE_GENERATED=1 and commit \(path)")
    }

    @Test func schemaIsJSONWithEveryKey() throws {
        let schema = try #require(
            JSONSerialization.jsonObject(with: Data(jsonSchema().utf8)) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        for section in Table.sections {
            let object = section.name == "document" ? schema : definitions[section.name]
            let properties = try #require(object?["properties"] as? [String: [String: Any]])
            #expect(Set(properties.keys) == Set(section.allKeys.map(\.name)))
            #expect(properties.values.allSatisfy { ($0["description"] as? String)?.isEmpty == false })
        }
    }

    @Test func tableIsSound() {
        #expect(Set(Table.sections.map(\.name)).count == Table.sections.count)
        #expect(Set(Table.columnTypes) == Set(LogicalType.allCases.filter { $0 != .null }.map(\.rawValue)))
        for section in Table.sections {
            #expect(Set(section.allKeys.map(\.name)).count == section.allKeys.count, "\(section.name)")
            for key in section.keys {
                #expect(key.docs.hasSuffix("."), "\(section.name).\(key.name)")
                #expect(!(key.isRequired && key.standard != nil))
                if let standard = key.standard {
                    #expect(key.shape.problem(in: standard, isPlain: true) == nil, "\(section.name).\(key.name)")
                }
                if !key.cases.isEmpty, let discriminator = section.discriminator,
                    case .choice(let values)? = section[discriminator]?.shape
                {
                    #expect(Set(key.cases).isSubset(of: values))
                }
            }
        }
        if case .choice(let modes)? = Table.defaults["mode"]?.shape {
            #expect(Set(modes) == Set(WriteMode.allCases.map(\.rawValue)))
        }
    }
}
