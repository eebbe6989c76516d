import Foundation
import TestKit
import Testing

@testable import Formats

@Test(
    arguments: [
        ("[]", []), (" [ ] \n", []), ("\u{feff}[{}]", ["{}"]),
        ("[{\"a\":1},{\"b\":[1, 2 ,{\"c\" : null}]}]", ["{\"a\":1}", "{\"b\":[1,2,{\"c\":null}]}"]),
        (
            "[\n  {\n    \"a b\" : \" x  y \\\" ] } \",\n\t\"c\":\"\\\\\"\n  }\r\n, {\"d\":-1.5e+3}\n]\n",
            ["{\"a b\":\" x  y \\\" ] } \",\"c\":\"\\\\\"}", "{\"d\":-1.5e+3}"]
        ),
        // No JSON stays none: words are not joined.
        ("[{\"a\":1 2,\"b\":tr ue, \"c\":\"x\" \"y\"}]", ["{\"a\":1 2,\"b\":tr ue,\"c\":\"x\"\"y\"}"]),
    ] as [(String, [String])])
func jsonArrayCase(_ text: String, _ records: [String]) {
    for cut in cuts {
        let reading = readJSON(Array(text: text), cut: cut)
        #expect(reading.records == records)
        #expect(reading.rejects.isEmpty && reading.error == nil)
    }
}

@Test(arguments: [
    ("/data", "{\"data\":[{\"a\":1}]}"),
    (
        "/data/items",
        "{\"x\":{\"items\":[{\"z\":0}]},\"data\":{\"y\":[[\"]}\"]],\"items\":[{\"a\":1}],\"n\":{\"items\":3}},\"t\":null}"
    ),
    ("/a~1b/~0/", "{\"a/b\":{\"~\":{\"\":[{\"a\":1}]}}}"),
    ("/d\u{e4}", "{\"d\\u00e4\":[{\"a\":1}]}"),
    ("/\u{1f525}", "{\"\\ud83d\\udd25\":[{\"a\":1}]}"),
    ("/1/d", "[{\"d\":[{\"z\":0}]}, {\"d\" : [{\"a\":1}]}, 7]"),
    ("/0", "[[{\"a\":1}],[{\"b\":1}]]"),
])
func jsonPointer(_ pointer: String, _ text: String) throws {
    for cut in cuts {
        let reading = readJSON(Array(text: text), try JSONPointer(pointer), cut: cut)
        #expect(reading.records == ["{\"a\":1}"])
        #expect(reading.error == nil)
    }
}

@Test(
    arguments: [
        // text, records before the error, offset of the error
        ("", 0, 0), ("  \n", 0, 3), ("{\"a\":1}", 0, 0), ("<html>", 0, 0), ("7", 0, 0), ("[", 0, 1),
        ("[{\"a\":1},{\"b\":2", 1, 15), ("[{\"a\":1},{\"b\":\"x", 1, 16), ("[{\"a\":1}", 1, 8), ("[{\"a\":1},", 1, 9),
        ("[{\"a\":1},]", 1, 9), ("[{\"a\":1} {\"b\":2}]", 1, 9), ("[,{\"a\":1}]", 0, 1), ("[{\"a\":1}} ]", 1, 8),
        ("[{\"a\":[1}]", 0, 8), ("[{\"a\":1]]", 0, 7), ("[{\"a\":1}]x", 1, 9), ("[{\"a\":1}] []", 1, 10),
        ("[{\"a\":1}]\u{0}", 1, 9),
        ("[{\"a\":1},xyz]", 1, 9), ("[{\"a\":1};{\"b\":2}]", 1, 8),
    ] as [(String, Int, UInt64)])
func jsonDamage(_ text: String, _ records: Int, _ offset: UInt64) {
    for cut in cuts {
        let reading = readJSON(Array(text: text), cut: cut)
        #expect(reading.records == Array(repeating: "{\"a\":1}", count: records))
        #expect(reading.error == "malformedDocument \(offset)")
    }
}

@Test(arguments: [
    ("/data", "{\"dat\":[]}", 0), ("/data", "{}", 0), ("/data", "{\"data\":null}", 0),
    ("/data", "{\"data\":{\"a\":1}}", 0),
    ("/data", "[{\"data\":[]}]", 0), ("/data", "3", 0), ("/data", "{\"data\":[{\"a\":1}],\"data\":[]}", 1),
    ("/data", "{\"data\":[{\"a\":1}]", 1), ("/data", "{\"data\":[{\"a\":1}]}}", 1),
    ("/data", "{\"data\":[{\"a\":1}],}", 1),
    ("/data", "{\"x\":1 \"data\":[]}", 0), ("/2", "[[],[]]", 0), ("/data", "{\"data\":[{\"a\":1}] \"b\":1}", 1),
    ("/a", "{\"a", 0),
])
func jsonPointerDamage(_ pointer: String, _ text: String, _ records: Int) throws {
    for cut in cuts {
        let reading = readJSON(Array(text: text), try JSONPointer(pointer), cut: cut)
        #expect(reading.records == Array(repeating: "{\"a\":1}", count: records))
        #expect(reading.error?.hasPrefix("malformedDocument") == true, "\(reading)")
    }
}

@Test func jsonPointerSyntax() throws {
    #expect(try JSONPointer("/a~1b/~0/").tokens == [Array(text: "a/b"), Array(text: "~"), []])
    #expect(try JSONPointer("") == .root)
    for text in ["data", "/a~", "/a~2b"] { #expect(throws: FormatsError.self) { try JSONPointer(text) } }
}

@Test func jsonElementsThatAreNoRecords() {
    let deep = String(repeating: "[", count: 1024) + String(repeating: "]", count: 1024)
    let allowed = String(repeating: "[", count: 1023) + String(repeating: "]", count: 1023)
    let text =
        "[1, \"s\",\n[{}], null ,true,\n{\"a\":\(deep)},{\"a\":\(allowed)},{\"a\":\"x\ny\"},{\"b\":2}, {\"c\":\"\(String(repeating: "z", count: 3000))\"}, {\"d\":4}]"
    for cut in cuts {
        let reading = readJSON(Array(text: text), limits: RecordLimits(record: 2500), cut: cut)
        #expect(reading.records == ["{\"a\":\(allowed)}", "{\"b\":2}", "{\"d\":4}"])
        #expect(reading.positions == [[6, 3], [8, 4], [10, 4]])
        #expect(
            reading.rejects.map(\.reason) == [
                "the element is a number, not an object", "the element is a string, not an object",
                "the element is an array, not an object", "the element is null, not an object",
                "the element is a truth value, not an object", "the element is nested deeper than 1024 levels",
                "a string in the element holds a line break that is not escaped",
                "the element is longer than 2500 bytes",
            ])
        #expect(reading.rejects.map(\.line) == [1, 1, 2, 2, 2, 3, 3, 4])
        #expect(reading.rejects.map(\.isCut) == [false, false, false, false, false, false, false, true])
        #expect(reading.rejects[6].raw == Array(text: "{\"a\":\"x\ny\"}"))
        #expect(reading.rejects[7].raw.count == 3008)
        #expect(reading.error == nil)
    }
}

/// A random value as compact text and with white space strewn in.
private func randomValue(_ random: inout SeededRandom, depth: Int) -> (compact: String, loose: String) {
    let blank = { (random: inout SeededRandom) in random.pick(["", "", " ", "\n", "\r\n\t", "          "]) }
    switch random.below(depth > 3 ? 4 : 6) {
    case 0:
        let text = random.pick(["0", "-1.5", "1e400", "123456789012345678901234567890"])
        return (text, text)
    case 1:
        let text = random.pick(["true", "false", "null"])
        return (text, text)
    case 2, 3:
        let text =
            "\""
            + (0..<random.below(5)).map { _ in
                random.pick(["x", "\\\"", "\\\\", "ü🔥", "  ", "{[", "}],:", "\\n", "abcdefgh"])
            }.joined() + "\""
        return (text, text)
    case 4:
        let values = (0..<random.below(4)).map { _ in randomValue(&random, depth: depth + 1) }
        let loose = values.map { blank(&random) + $0.loose + blank(&random) }.joined(separator: ",")
        return ("[" + values.map(\.compact).joined(separator: ",") + "]", "[" + loose + blank(&random) + "]")
    default: return randomObject(&random, depth: depth)
    }
}

private func randomObject(_ random: inout SeededRandom, depth: Int) -> (compact: String, loose: String) {
    let members = (0..<random.below(5)).map { index in ("\"k\(index)\"", randomValue(&random, depth: depth + 1)) }
    let gap = random.pick(["", " ", "\n  "])
    return (
        "{" + members.map { "\($0):\($1.compact)" }.joined(separator: ",") + "}",
        "{" + members.map { "\(gap)\($0)\(gap):\(gap)\($1.loose)" }.joined(separator: ",") + gap + "}"
    )
}

@Test(arguments: 0..<60)
func jsonRoundTrip(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    let records = (0..<random.below(20)).map { _ in randomObject(&random, depth: 0) }
    let array = "[" + records.map(\.loose).joined(separator: random.pick([",", " ,\n"])) + "]"
    let document =
        "{\"before\":\(randomValue(&random, depth: 0).loose),\"data\":\(array),\"after\":\(randomValue(&random, depth: 0).loose)}"
    let expected = records.map(\.compact)
    for cut in cuts {
        let plain = readJSON(Array(text: array), cut: cut)
        #expect(plain.records == expected && plain.rejects.isEmpty && plain.error == nil)
        let inner = readJSON(Array(text: document), try JSONPointer("/data"), cut: cut)
        #expect(inner.records == expected && inner.rejects.isEmpty && inner.error == nil)
        let lines = Array(text: expected.joined(separator: "\n"))
        #expect(readNDJSON(lines, cut: cut).records == expected)
    }
}

/// 6,000 damaged documents: the answer never depends on where reads end; and whatever Foundation takes for an array of
/// objects comes out complete, while what comes out complete and valid Foundation takes, too.
@Test(arguments: 0..<12)
func jsonMutations(seed: Int) throws {
    var random = SeededRandom(0x7500 &+ UInt64(seed))
    let special = Array(text: "[]{}\",:\\ \n1-x\u{1}t") + [0xff, 0x80]
    for round in 0..<500 {
        let records = (0..<3).map { _ in randomObject(&random, depth: 2).loose }
        let text = random.mutate(Array(text: "[" + records.joined(separator: ",") + "]"), with: special)
        let reading = readJSON(text)
        #expect(readJSON(text, cut: cuts[round % (cuts.count - 1)]) == reading, "\(text)")
        let known = try? JSONSerialization.jsonObject(with: Data(text)) as? [[String: Any]]
        if let known {
            #expect(reading.records.count == known.count && reading.rejects.isEmpty && reading.error == nil, "\(text)")
        }
        if reading.error == nil, reading.rejects.isEmpty {
            let isValid = reading.records.allSatisfy {
                (try? JSONSerialization.jsonObject(with: Data($0.utf8))) is [String: Any]
            }
            if isValid, String(validating: text, as: UTF8.self) != nil {
                #expect(known != nil, "\(String(decoding: text, as: UTF8.self))")
            }
        }
    }
}
