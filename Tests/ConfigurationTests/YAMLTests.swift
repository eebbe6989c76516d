import Testing

@testable import Configuration

@Suite struct YAMLTests {
    func problem(_ text: String) -> String {
        problem(Array(text.utf8))
    }

    func problem(_ bytes: [UInt8]) -> String {
        do {
            return "no problem: \(try YAMLReader.read(bytes))"
        } catch {
            return "\(error.mark.line):\(error.mark.column): \(error.message)"
        }
    }

    func scalars(_ node: Node) -> [String] {
        switch node.value {
        case .scalar(let text, _): [text]
        case .list(let items): items.flatMap(scalars)
        case .map(let entries): entries.flatMap { [$0.key] + scalars($0.value) }
        }
    }

    @Test func aliasesAndMergeKeys() throws {
        let text = """
            a: &one {x: 1, y: 2}
            b: {<<: *one, y: 3}
            c: {<<: [*one, {z: 4, x: 5}]}
            d: [&two "*two", *two, '**/x*.gz', a*b]   # *nothing
            e: |
              *one
            """
        #expect(
            scalars(try YAMLReader.read(Array(text.utf8))) == [
                "a", "x", "1", "y", "2", "b", "y", "3", "x", "1", "c", "x", "1", "y", "2", "z", "4",
                "d", "*two", "*two", "**/x*.gz", "a*b", "e", "*one",
            ])
    }

    @Test func bombsAreRefused() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            bomb +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(problem(bomb).hasSuffix("more than 100000 values, aliases expanded"))
        #expect(problem(bomb + "? *a30\n: x\n").hasSuffix("more than 100000 values, aliases expanded"))
        var merge = "a0: &a0 {k: v}\n"
        for level in 1...30 {
            merge +=
                "a\(level): &a\(level) {<<: [*a\(level - 1), *a\(level - 1)], k\(level): [*a\(level - 1), *a\(level - 1)]}\n"
        }
        #expect(problem(merge).hasSuffix("more than 100000 values, aliases expanded"))
        let long = "a: [" + String(repeating: "x,", count: 200_000) + "]"
        #expect(problem(long).hasSuffix("more than 100000 values, aliases expanded"))
    }

    @Test(arguments: [
        (
            "a: [&x [1], &y [*x]]\n? *y\n: 1",
            "2:3: a key is a list, a section or an alias; keys are text, in quotes if it begins with *"
        ),
        ("? [1]\n: 1", "1:3: a key is a list, a section or an alias; keys are text, in quotes if it begins with *"),
        ("a: &x [*x]", "1:8: no anchor &x stands before this alias; quote text that begins with *"),
        ("a: *", "1:4: no anchor & stands before this alias; quote text that begins with *"),
        ("a: **/x", "1:4: no anchor &*/x stands before this alias; quote text that begins with *"),
        ("a: {<<: x}", "1:9: `<<` merges a section or a list of sections, not text"),
        ("a: {<<: [x]}", "1:10: `<<` merges sections, not text"),
        (
            "b:\n- c\n- x: 1\n  'y' : {y: 1}\n  # y:\n\n  y: 2",
            #"7:3: the key "y" stands twice in one section; keep one"#
        ),
        ("a: {b: 1, b: 2}", #"1:5: the key "b" stands twice in one section; keep one"#),
        ("c: 3\na: 1\na: 2", #"3:1: the key "a" stands twice in one section; keep one"#),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here; a configuration is one document"),
        ("a: !!binary x", "1:4: the tag tag:yaml.org,2002:binary is not supported; remove it"),
        (
            "a: [1",
            "2:1: not YAML: did not find expected ',' or ']' while parsing a flow sequence; check indentation, brackets and quotes"
        ),
        (
            "a: b: c",
            "1:5: not YAML: mapping values are not allowed in this context; check indentation, brackets and quotes"
        ),
        ("a: \u{1}", "1:1: not YAML: control characters are not allowed"),
        ("a: 1\nb: \u{F8FF}", "2:1: the character U+F8FF is not allowed"),
    ])
    func problems(text: String, message: String) {
        #expect(problem(text) == message)
    }

    @Test func limits() {
        #expect(
            problem(Array(repeating: 0x20, count: 1_000_001))
                == "1:1: the file has 1000001 bytes; a configuration has at most 1000000")
        #expect(problem(Array("a: b\nc: ".utf8) + [0xFF]) == "2:1: the text is not UTF-8")
        #expect(
            problem(String(repeating: "[", count: 70) + String(repeating: "]", count: 70))
                == "1:65: more than 64 levels of nesting")
        #expect(problem(String(repeating: "[", count: 500_000)).contains("Maximum nesting level"))
        #expect(problem(String(repeating: "- ", count: 400_000)).contains("Maximum nesting level"))
        #expect(problem(String(repeating: "? ", count: 400_000)).contains("Maximum nesting level"))
    }

    @Test func emptyTexts() throws {
        for text in ["", "\n", "# nothing\n", "\u{FEFF}"] {
            #expect(try YAMLReader.read(Array(text.utf8)).entries?.isEmpty == true)
        }
        #expect(try YAMLReader.read(Array("\u{FEFF}a: 1".utf8)).entries?.map(\.key) == ["a"])
    }
}
