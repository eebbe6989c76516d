import Chunk
import Configuration
import JSON
import Manifest
import Spool
import TestKit
import Testing

@testable import Extract

/// What `shape` makes of single records, byte for byte.
@Suite struct ShaperTests {
    /// The shape that is written as keys of a section in one line.
    static func shape(_ keys: String, variables: [String: String] = [:], more: String = "") throws -> RecordShape {
        let yaml = """
            connections: {in: {type: files, path: in}, out: {type: sqlite, path: x.db}}
            jobs:
              job: {source: {connection: in, path: "*.ndjson"}, target: out, shape: {\(keys)}\(more)}
            """
        let settings = try Settings(
            yaml: Array(yaml.utf8), file: "test.yaml",
            environment: Environment(variable: { variables[$0] }, readFile: { _ in [] }))
        return try #require(settings.jobs.first?.streams.first?.shape)
    }

    /// Shapes records with one shaper; of a refused one the column and the reason.
    private func shaped(_ keys: String, _ records: [String], variables: [String: String] = [:]) throws -> [String] {
        let shaper = RecordShaper(try Self.shape(keys, variables: variables), began: "2026-03-01T00:00:00.000Z")
        var scanner = RecordScanner()
        var results: [String] = []
        for record in records {
            let bytes = Array(record.utf8) + Array(repeating: UInt8(ascii: "x"), count: 16)
            try bytes.withUnsafeBufferPointer { buffer in
                let base = try #require(buffer.baseAddress)
                _ = try scanner.scanObject(base, from: 0, to: bytes.count - 16)
                do throws(RecordFault) {
                    try shaper.apply(base, scanner)
                    results.append(String(decoding: shaper.record.bytes, as: UTF8.self))
                    #expect(
                        shaper.scanner.fieldCount == (try? JSONValue(parsing: results[results.count - 1]))?.members)
                } catch { results.append("\(error.column ?? "-"): \(error.reason)") }
            }
        }
        return results
    }

    private func shaped(_ keys: String, _ record: String, variables: [String: String] = [:]) throws -> String {
        try #require(try shaped(keys, [record], variables: variables).first)
    }

    static let twice =
        "two values of the record would be this column: a key stands twice, or `shape` gives two one name"
    static let added = "the record has this column, which `shape` adds: drop or rename it"

    @Test(arguments: [
        ("select: [c, a]", #"{"a":1,"b":2,"c":3}"#, #"{"a":1,"c":3}"#),
        ("select: a", #"{"b":2}"#, "{}"),
        ("drop: [b]", #"{"a":1,"b":{"c":[1, "}"]},"c":3}"#, #"{"a":1,"c":3}"#),
        ("drop: b", "{}", "{}"),
        ("rename: {a: b, b: a}", #"{"a":1,"b":2}"#, #"{"b":1,"a":2}"#),
        // Values are copied as the bytes they are.
        ("rename: {a: x}", #"{ "a" : 1.50e+3 , "b" : "\u00e9\n\"" }"#, #"{"x":1.50e+3,"b":"\u00e9\n\""}"#),
        ("rename: {a: x}", "{\"a\":{\"b\": [1,\n2]}}", "{\"x\":{\"b\": [1,\n2]}}"),
        // A key is found whatever its escapes, and written anew.
        (#"drop: [é, "q\"", "a/b"]"#, #"{"\u00e9":1,"q\"":2,"a\/b":3,"z":4}"#, #"{"z":4}"#),
        (#"rename: {"\t": "\u0001", ok: "ü\\"}"#, #"{"\t":1,"o\u006b":2}"#, #"{"\u0001":1,"ü\\":2}"#),
        // Names are equal by their bytes.
        ("drop: [\"\u{e9}\"]", "{\"e\u{301}\":1}", "{\"e\u{301}\":1}"),
        ("drop: [x]", #"{"":1,"😀":2}"#, #"{"":1,"😀":2}"#),
        (
            "constant: {s: erp, n: 5, f: 1.50, t: true, q: \"7\", z: null}", #"{"a":1}"#,
            #"{"a":1,"s":"erp","n":5,"f":1.50,"t":true,"q":"7","z":null}"#
        ),
        ("constant: {s: \"a\\\"\\n\"}", "{}", #"{"s":"a\"\n"}"#),
        ("loaded_at: _at, constant: {s: 1}", #"{"a":null}"#, #"{"a":null,"s":1,"_at":"2026-03-01T00:00:00.000Z"}"#),
        ("drop: [s], constant: {s: 1}", #"{"s":2}"#, #"{"s":1}"#),
        ("rename: {s: old}, constant: {s: 1}", #"{"s":2}"#, #"{"old":2,"s":1}"#),
    ])
    func columnsAreChosenRenamedAndAdded(_ keys: String, _ record: String, _ expected: String) throws {
        #expect(try shaped(keys, record) == expected)
    }

    @Test(arguments: [
        ("flatten: 1", #"{"a":{"b":1,"c":{"d":2}},"e":[{"f":3}],"g":{}}"#, #"{"a__b":1,"a__c":{"d":2},"e":[{"f":3}]}"#),
        (
            "flatten: 2", #"{"x":0,"a":{"b":1,"c":{"d":{"e":2}}},"y":null}"#,
            #"{"x":0,"a__b":1,"a__c__d":{"e":2},"y":null}"#
        ),
        ("flatten: 32", #"{"a":{"b":{"c":{"d":{"e":1}}}}}"#, #"{"a__b__c__d__e":1}"#),
        ("flatten: 2", #"{"\u0061":{"\"":{"\n":1}}}"#, #"{"a__\"__\n":1}"#),
        ("flatten: 1", #"{"":{"":1}}"#, #"{"__":1}"#),
        ("flatten: 1, drop: [a]", #"{"a":{"b":1},"ab":2,"a_":3}"#, #"{"ab":2,"a_":3}"#),
        ("flatten: 1, drop: [a__b]", #"{"a":{"b":1,"c":2}}"#, #"{"a__c":2}"#),
        ("flatten: 2, select: [a, x__y]", #"{"a":{"b":{"c":1}},"x":{"y":2,"z":3},"b":4}"#, #"{"a__b__c":1,"x__y":2}"#),
        ("flatten: 1, rename: {a__b: b, a: rest}", #"{"a":{"b":1}}"#, #"{"b":1}"#),
        ("flatten: 1, rename: {a__b: b, a: rest}", #"{"a":[1]}"#, #"{"rest":[1]}"#),
    ])
    func objectsBecomeColumns(_ keys: String, _ record: String, _ expected: String) throws {
        #expect(try shaped(keys, record) == expected)
    }

    @Test func hashesAreThoseOfTheText() throws {
        // sha256sum of each text.
        let a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let five = "ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d"
        let results = try shaped(
            "hash: [h]",
            [
                #"{"h":"a"}"#, #"{"h":"\u0061"}"#, #"{"h":null}"#, #"{"h":""}"#, #"{"h":5}"#, #"{"h":"5"}"#,
                #"{"x":"a"}"#,
            ])
        #expect(
            results == [
                "{\"h\":\"\(a)\"}", "{\"h\":\"\(a)\"}", #"{"h":null}"#, "{\"h\":\"\(empty)\"}", "{\"h\":\"\(five)\"}",
                "{\"h\":\"\(five)\"}", #"{"x":"a"}"#,
            ])
        // The same list with a line end in it is the same text in the table.
        let lists = try shaped("hash: [h]", [#"{"h":[1,2]}"#, "{\"h\":[1,\n 2]}"])
        #expect(lists[0] == lists[1] && lists[0].utf8.count == 64 + 8)
        // The new name counts, and objects are hashed in all their parts.
        #expect(try shaped("rename: {x: h}, hash: [h]", #"{"x":"a"}"#) == "{\"h\":\"\(a)\"}")
        #expect(
            try shaped("flatten: 1, hash: [h]", #"{"h":{"x":"a","y":null}}"#) == "{\"h__x\":\"\(a)\",\"h__y\":null}")
    }

    @Test func aSaltIsTheKeyOfAnHMAC() throws {
        // RFC 4231, test case 2.
        #expect(
            try shaped(
                "hash: [h], salt: \"${S}\"", #"{"h":"what do ya want for nothing?"}"#, variables: ["S": "Jefe"])
                == #"{"h":"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}"#)
        // RFC 4231, test case 6: a key longer than the block.
        let digits = RawBuffer()
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8).withUnsafeBytes { bytes in
            ValueHash(key: Array(repeating: 0xaa, count: 131)).append(hashOf: bytes, to: digits)
        }
        #expect(
            String(decoding: digits.bytes, as: UTF8.self)
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func aSaltIsToldApartButNotTold() throws {
        let marks = try ["one", "two"].map { salt in
            RecordShaper.mark(of: try Self.shape("hash: [h], salt: \"${S}\"", variables: ["S": salt]))
        }
        #expect(marks[0] != marks[1] && !marks[0].contains("one"))
        #expect(RecordShaper.mark(of: try Self.shape("hash: [h]")).isEmpty)
    }

    @Test(arguments: [
        ("drop: [x]", #"{"a":1,"a":2}"#, "a: " + twice), ("drop: [x]", #"{"a":1,"\u0061":2}"#, "a: " + twice),
        ("rename: {b: a}", #"{"a":1,"b":2}"#, "a: " + twice),
        ("flatten: 1", #"{"a__b":1,"a":{"b":2}}"#, "a__b: " + twice),
        ("flatten: 1", #"{"a":{"b":1,"b":2}}"#, "a__b: " + twice),
        ("constant: {s: 1}", #"{"s":1}"#, "s: " + added), ("loaded_at: s", #"{"x":{},"s":null}"#, "s: " + added),
        ("rename: {x: y}", #"{"\ud800":1}"#, "-: half of a surrogate pair in a key"),
        ("flatten: 1", #"{"a":{"\udc00":1}}"#, "-: half of a surrogate pair in a key"),
        ("hash: [h]", #"{"h":"\ud800"}"#, "h: half of a surrogate pair in the value"),
    ])
    func whatCannotBeIsRefused(_ keys: String, _ record: String, _ expected: String) throws {
        // Nothing of it stays for the next record.
        let results = try shaped(keys, [#"{"q":1}"#, record, #"{"q":1}"#])
        #expect(results[1] == expected)
        #expect(results[0] == results[2])
    }

    /// A dropped key that stands twice, or is none, harms nobody.
    @Test func whatIsLeftOutIsNotJudged() throws {
        #expect(try shaped("drop: [a]", #"{"a":1,"a":2,"b":3}"#) == #"{"b":3}"#)
        #expect(try shaped("select: [b]", #"{"a":"\ud800","b":3}"#) == #"{"b":3}"#)
    }

    /// More names than are remembered, in changing order.
    @Test func valuesAsKeysAreDropped() throws {
        let records = (0..<3).map { turn in
            let keys = (0..<2_500).map { "\"k\(($0 * (turn + 1)) % 2_500)-\(turn)\":0" }.joined(separator: ",")
            return "{\(keys),\"a\":\(turn)}"
        }
        #expect(try shaped("select: [a]", records) == [#"{"a":0}"#, #"{"a":1}"#, #"{"a":2}"#])
    }

    /// Shaping by a plain way, over records of a seed.
    @Test func agreesWithAPlainWay() throws {
        var random = SeededRandom(7)
        func value(_ depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
            case 0: .null
            case 1: .integer(Int64.random(in: -5...5, using: &random))
            case 2: .string(["", "a\"b", "é\n", "😀"].randomElement(using: &random) ?? "")
            case 3: .bool(true)
            case 4: .array([.integer(1), .string("x")])
            default:
                .object(
                    ["a", "b", "c_", "\u{e9}", "q\""].shuffled(using: &random).prefix(
                        Int.random(in: 0...4, using: &random)
                    )
                    .map { .init($0, value(depth - 1)) })
            }
        }
        func flat(_ value: JSONValue, _ path: String, _ depth: Int, _ into: inout [(String, JSONValue)]) {
            guard case .object(let members) = value else { return into.append((path, value)) }
            for member in members {
                let name = path.isEmpty ? member.key : path + "__" + member.key
                if depth > 0, case .object = member.value {
                    flat(member.value, name, depth - 1, &into)
                } else {
                    into.append((name, member.value))
                }
            }
        }
        var records: [String] = []
        var expected: [String] = []
        for _ in 0..<500 {
            let record = JSONValue.object(
                ["x", "y", "z", "é"].shuffled(using: &random).map { .init($0, value(3)) })
            records.append(record.serializedText())
            var columns: [(String, JSONValue)] = []
            flat(record, "", 2, &columns)
            columns.removeAll { $0.0 == "y" || $0.0.hasPrefix("y__") }
            expected.append(
                JSONValue.record(columns.map { ($0.0 == "x__a" ? "A" : $0.0, $0.1) } + [("k", .integer(1))])
                    .serializedText())
        }
        #expect(try shaped("flatten: 2, drop: [y], rename: {x__a: A}, constant: {k: 1}", records) == expected)
    }
}

extension JSONValue {
    /// How many members an object has.
    fileprivate var members: Int? { if case .object(let members) = self { members.count } else { nil } }
}
