import Manifest
import Testing

@testable import Configuration

/// The `shape` of a stream: how it is read, and what must hold between it and the other keys.
@Suite struct ShapeTests {
    private func text(_ shape: String, _ more: String = "    primary_key: [p, id]\n    mode: merge") -> String {
        file(job: "    shape: {\(shape)}\n\(more)")
    }

    private func shape(_ keys: String) throws -> RecordShape {
        try #require(try settings(text(keys), variables: ["S": "x"]).jobs.first?.streams.first?.shape)
    }

    @Test func everyKeyIsRead() throws {
        let shape = try shape(
            "flatten: 3, select: [id, a], rename: {a: b}, hash: b, salt: \"${S}\", constant: {s: erp, n: -1.5, t: false, z: ~, q: \"1\"}, loaded_at: _at"
        )
        #expect(shape.flatten == 3)
        #expect(shape.selection == .only(["id", "a"]))
        #expect(shape.renames == [.init(from: "a", to: "b")])
        #expect(shape.hashed == ["b"])
        #expect(shape.salt?.reveal() == "x")
        #expect(
            shape.constants == [
                .init(name: "s", value: .text("erp")), .init(name: "n", value: .number("-1.5")),
                .init(name: "t", value: .bool(false)), .init(name: "z", value: .null),
                .init(name: "q", value: .text("1")),
            ])
        #expect(shape.loadedAt == "_at")
        #expect(
            shape.summary
                == "flatten 3; select id, a; rename a to b; hash b with a salt; constant s, n, t, z, q; loaded_at _at")
        #expect(!"\(shape)".contains("\"x\""))
        // The partition's column stays, though it is not selected.
        #expect(shape.outcome(of: "p") == .init(name: "p", isHashed: false))
        #expect(shape.outcome(of: "a__c")?.isHashed == false)
        #expect(shape.outcome(of: "a") == .init(name: "b", isHashed: true))
        #expect(shape.outcome(of: "c") == nil)
        #expect(shape.origins(of: "b") == ["a", "b"])
        #expect(shape.origins(of: "a").isEmpty)
        #expect(shape.origins(of: "_at").isEmpty)
    }

    @Test func sectionsAreJoinedFromTheDefaults() throws {
        let yaml = text("rename: {a: b}") + "\ndefaults: {shape: {loaded_at: _at, rename: {x: y}}}\n"
        let stream = try #require(try settings(yaml).jobs.first?.streams.first)
        #expect(stream.shape?.loadedAt == "_at")
        #expect(stream.shape?.renames == [.init(from: "a", to: "b")])
        #expect(stream.declarations == ["_at": .timestamp])
        #expect(try settings(file()).jobs.first?.streams.first?.shape == nil)
    }

    /// The place of the fault, and words of its message.
    @Test(arguments: [
        ("select: [id], drop: [x]", "shape.drop", "keep one of the two"),
        ("drop: [x, x]", "shape.drop", "stands twice"),
        ("salt: \"${S}\"", "shape.salt", "nothing is hashed"),
        ("hash: [x], salt: plain", "shape.salt", ""),
        ("flatten: 0", "shape.flatten", ""), ("flatten: 33", "shape.flatten", ""),
        ("constant: {a: [1]}", "shape.constant", "is a list; write a text"),
        ("rename: {a: x, b: x}", "shape.rename", "would both be"),
        ("drop: [a], rename: {a: x}", "shape.rename", "left out before"),
        ("rename: {a: x}, constant: {x: 1}", "shape", "two columns would be"),
        ("constant: {x: 1}, loaded_at: x", "shape", "two columns would be"),
        ("rename: {a: x}, hash: [a]", "shape.hash", "is \"x\" by then"),
        ("constant: {x: 1}, hash: [x]", "shape.hash", "nothing to hide"),
        ("drop: [id]", "shape.drop", "of primary_key would be lost"),
        ("select: [a]", "shape.select", "of primary_key would be lost"),
        ("rename: {id: key}", "shape.rename", "of primary_key would be lost"),
        ("drop: [p]", "shape.drop", "the partition's column \"p\" would be lost"),
        ("hash: [p]", "shape.hash", "which its hash would contradict"),
        ("constant: {p: a}", "shape", "has the partition's value"),
        ("drops: [x]", "shape.drops", "did you mean \"drop\"?"),
    ])
    func conflictsAreNamed(_ keys: String, _ place: String, _ words: String) {
        let found = problems(text(keys), variables: ["S": "x"])
        #expect(found.count == 1 && found[0].contains("jobs.j.\(place)") && found[0].contains(words), "\(found)")
    }

    @Test func keysMayComeFromTheShape() throws {
        for keys in [
            "rename: {nr: id}", "select: [nr], rename: {nr: id}", "constant: {id: 1}", "select: [x], constant: {id: 1}",
            "flatten: 1, select: [id]", "hash: [id]",
        ] {
            #expect(problems(text(keys)).isEmpty, "\(keys): \(problems(text(keys)))")
        }
    }

    @Test func whoOnlyLoadsNeedsNoSalt() throws {
        let yaml = text("hash: [x], salt: \"${S}\"")
        #expect(problems(yaml).count == 1)
        _ = try settings(yaml, needs: [.target])
    }

    @Test func eachKeyCountsInTheFingerprint() throws {
        let shapes = [
            "drop: [x]", "select: [id, x]", "hash: [x]", "rename: {x: y}", "constant: {x: 1}", "constant: {x: \"1\"}",
            "loaded_at: x", "flatten: 1", "flatten: 2", "hash: [x], salt: \"${S}\"",
        ]
        let found = try (shapes.map { text($0) } + [file(job: "    primary_key: [p, id]\n    mode: merge")]).map {
            yaml in
            let settings = try settings(yaml, variables: ["S": "x"])
            return settings.fingerprint(of: try #require(settings.jobs.first?.streams.first))
        }
        #expect(Set(found).count == found.count)
    }

    @Test func contractsAreRead() throws {
        let yaml = file(job: "    contract: {columns: discard_value, types: discard_row, tables: freeze}")
        let stream = try #require(try settings(yaml).jobs.first?.streams.first)
        #expect(stream.contract == Contract(columns: .discardValue, types: .discardRow, freezesTables: true))
        let wrong = problems(file(job: "    contract: {tables: discard_row}"))
        #expect(wrong.count == 1 && wrong[0].contains("evolve"))
    }
}
