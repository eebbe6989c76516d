import TestKit
import Testing

@testable import Formats

@Test(arguments: [
    ("*.csv", "a.csv", true), ("*.csv", "a/b.csv", false), ("*.csv", "a.CSV", false), ("*.csv", ".csv", false),
    ("*", ".hidden", false), (".*", ".hidden", true), ("?hidden", ".hidden", false), ("[.]hidden", ".hidden", false),
    ("{.a,b}*", ".ab", true), ("a?c", "abc", true), ("a?c", "a\u{1f525}c", true), ("a?c", "ac", false),
    ("a?c", "a/c", false),
    ("[a-c]x", "bx", true), ("[a-c]x", "dx", false), ("[!a-c]x", "dx", true), ("[^a-c]x", "bx", false),
    ("[]]x", "]x", true),
    ("[a-]x", "-x", true), ("[!]]", "a", true), ("[\\]a]", "]", true),
    ("a*b*c", "aXbYc", true), ("a*b*c", "acb", false), ("*a*", "bab", true), ("**/x", "x", true),
    ("**/x", "a/b/x", true),
    ("**/x", "a/.b/x", false), ("**/.b/x", "a/.b/x", true), ("a/**/x", "a/x", true), ("a/**/x", "a/b/c/x", true),
    ("a/**/x", "b/x", false), ("a/**/b/**/c", "a/b/x/b/c", true), ("a/**/b/**/c", "a/x/c", false), ("**", "a/b", true),
    ("**", "a", true),
    ("a/**", "a/b/c", true), ("a/**", "a", false), ("**", "a/.b", false), ("a**b", "axxb", true),
    ("**/**/x", "x", true),
    ("{a,b}.csv", "b.csv", true), ("{a,b}.csv", "c.csv", false), ("{a,b/c}/x", "b/c/x", true), ("x{,.gz}", "x", true),
    ("x{,.gz}", "x.gz", true), ("{a{1,2},b}", "a2", true), ("{*.gz,*.zst}", "q.zst", true), ("\\*", "*", true),
    ("\\*", "a", false),
    ("\\{a,b\\}", "{a,b}", true), ("a,b", "a,b", true), ("[{]", "{", true), ("a", "a/", false), ("a", "", false),
    ("a/b", "a//b", false),
    ("faults*.ndjson.gz", "faults-2026.ndjson.gz", true), ("\u{e9}", "\u{e9}", true), ("\u{e9}", "e\u{301}", false),
])
func globMatch(_ pattern: String, _ path: String, _ isMatch: Bool) throws {
    #expect(try Glob(pattern).matches(path) == isMatch)
}

@Test(arguments: [
    "", "/a", "a/", "a//b", ".", "../x", "a/../b", "[a", "[]", "[z-a]", "{a,b", "a}", "{}", "{a-b}", "{1..3}", "x\\",
    "{a}/{a}", "{a,{b}}", "{{a}}",
    "[a/b]", String(repeating: "{a,b}", count: 11),
])
func globErrors(_ pattern: String) {
    let error = #expect(throws: FormatsError.self) { try Glob(pattern) }
    #expect(error?.code == .badPattern)
}

@Test(
    arguments: [
        (
            "**/{domain}/faults-{data_date}.ndjson.gz", "x/y/dom/faults-2026-03-01.ndjson.gz",
            [("domain", "dom"), ("data_date", "2026-03-01")]
        ),
        ("{d}/f.csv", "a%2Fb/f.csv", [("d", "a%2Fb")]),
        ("{a}-{b}.csv", "x-y-z.csv", [("a", "x"), ("b", "y-z")]),
        ("{a}{b}", "xyz", [("a", "x"), ("b", "yz")]),
        ("**/*.csv", "domain=a%2Fb%20%c3%bc/dt=2026/x.csv", [("domain", "a/b ü"), ("dt", "2026")]),
        ("**/domain={d}/*.csv", "domain=a%2Fb/dt=2026/x.csv", nil),
        ("**/domain={d}/**/*.csv", "domain=a%2Fb/dt=2026/x.csv", [("d", "a/b"), ("dt", "2026")]),
        ("**/*.csv", "=x/y=/z=%zz%f/%ff=%ff/k=a=b/x=y.csv", [("y", ""), ("z", "%zz%f"), ("%ff", "%ff"), ("k", "a=b")]),
        ("{x,y}/{d}.csv", "y/1.csv", [("d", "1")]),
        ("*.csv", "x.csv", []),
        ("{d}.csv", ".csv", nil),
        ("a=1/a={b}/*", "a=1/a=2/x", [("a", "1"), ("b", "2")]),
    ] as [(String, String, [(String, String)]?)])
func globPartition(_ pattern: String, _ path: String, _ expected: [(String, String)]?) throws {
    let pairs = try Glob(pattern).partition(of: path)
    #expect(pairs == expected?.map { PartitionPair(name: $0.0, value: $0.1) })
}

@Test func globPartitionContradiction() throws {
    #expect(throws: FormatsError.self) { try Glob("**/*.csv").partition(of: "a=1/a=2/x.csv") }
    #expect(try Glob("**/*.csv").partition(of: "a=1/a=1/x.csv") == [PartitionPair(name: "a", value: "1")])
    #expect(try Glob("**/*.csv").partition(of: "a=1/a=2/x.csv", hive: false) == [])
    #expect(try Glob("{x,y}/{b}/{a}").captureNames == ["b", "a"])
}

/// Patterns that drive backtracking matchers into exponential time: here they end at once (a time limit would be a
/// test of the machine; 2^60 steps are one of the method).
@Test func globNeverExplodes() throws {
    let name = String(repeating: "a", count: 2000)
    #expect(try !Glob(String(repeating: "a*", count: 60) + "b").matches(name))
    #expect(try !Glob(String(repeating: "*a", count: 60) + "b").matches(name))
    #expect(try Glob(String(repeating: "*a", count: 60)).matches(name))
    let path = Array(repeating: "a", count: 200).joined(separator: "/")
    #expect(try !Glob(String(repeating: "**/a/", count: 30) + "b").matches(path))
    #expect(try !Glob(String(repeating: "**/{a,*}/", count: 9) + "b").matches(path))
}

/// A simple recursive matcher as the reference, for random patterns and paths.
@Test func globEqualsReference() throws {
    func name(_ p: ArraySlice<Character>, _ n: ArraySlice<Character>) -> Bool {
        guard let first = p.first else { return n.isEmpty }
        if first == "*" { return name(p.dropFirst(), n) || (!n.isEmpty && name(p, n.dropFirst())) }
        guard let next = n.first else { return false }
        return (first == "?" || first == next) && name(p.dropFirst(), n.dropFirst())
    }
    func path(_ p: ArraySlice<String>, _ n: ArraySlice<String>) -> Bool {
        guard let first = p.first else { return n.isEmpty }
        if first == "**" {
            if p.count == 1 { return !n.isEmpty && n.allSatisfy { $0.first != "." } }
            return path(p.dropFirst(), n) || (!n.isEmpty && n.first?.first != "." && path(p, n.dropFirst()))
        }
        guard let next = n.first, next.first != "." || first.first == "." else { return false }
        return name(Array(first)[...], Array(next)[...]) && path(p.dropFirst(), n.dropFirst())
    }
    var random = SeededRandom(3)
    var matches = 0
    for _ in 0..<6000 {
        let pattern = (0...random.below(4)).map { _ in
            random.pick(["**", "*", "a", "a*", "*b", "?", "a?*b", "*a*", ".a", ".*"])
        }
        let names = (0...random.below(5)).map { _ in random.pick(["a", "b", "ab", "aab", "ba", ".a", "axb"]) }
        let expected = path(pattern[...], names[...])
        if expected { matches += 1 }
        let text = names.joined(separator: "/")
        #expect(try Glob(pattern.joined(separator: "/")).matches(text) == expected, "\(pattern) \(text)")
    }
    #expect(matches > 300)
}

@Test func globWalk() throws {
    let files = [
        "a.csv", "a/x.csv", "a/b/y.csv", "a/.h/z.csv", "b/c/d/e.csv", "b/c/n.txt", "A.csv", "a-b.csv", "é/1.csv",
    ]
    var listed: [String] = []
    /// The tree that the files make, with a link to a directory and one to a file, in no order.
    func list(_ directory: String) -> [DirectoryEntry] {
        listed.append(directory)
        let prefix = directory.isEmpty ? "" : directory + "/"
        var entries: [String: DirectoryEntry.Kind] = [
            "link.csv": .symbolicLink, "loop": .symbolicLink, "..": .directory,
        ]
        for file in files where file.hasPrefix(prefix) {
            let parts = file.dropFirst(prefix.count).split(separator: "/")
            entries[String(parts[0])] = parts.count > 1 ? .directory : .file
        }
        return entries.map { DirectoryEntry(name: $0, kind: $1) }
    }
    func walk(_ pattern: String) throws -> [String] {
        listed = []
        var found: [String] = []
        try Glob(pattern).walk(list: list, visit: { found.append($0) })
        return found
    }
    #expect(try walk("**/*.csv") == ["A.csv", "a-b.csv", "a.csv", "a/b/y.csv", "a/x.csv", "b/c/d/e.csv", "é/1.csv"])
    #expect(!listed.contains("a/.h") && !listed.contains("loop"))
    #expect(try walk("*.csv") == ["A.csv", "a-b.csv", "a.csv"])
    #expect(listed == [""])
    #expect(try walk("b/*/{d,q}/*") == ["b/c/d/e.csv"])
    #expect(listed == ["", "b", "b/c", "b/c/d"])
    #expect(try walk("{a,a}/x.csv") == ["a/x.csv"])
    #expect(try walk("a/.h/*") == ["a/.h/z.csv"])
    #expect(try walk("nothing/**") == [])
    for pattern in ["**", "a/**", "{b,a}/**/*.csv", "*/*/*.csv"] {
        let glob = try Glob(pattern)
        let expected = files.filter { glob.matches($0) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try walk(pattern) == expected)
    }
}

@Test func globWalkOfAnEndlessTreeEnds() throws {
    #expect(throws: FormatsError.self) {
        try Glob("**/x").walk(list: { _ in [DirectoryEntry(name: "d", kind: .directory)] }, visit: { _ in })
    }
}

@Test func namesThatAreNoTextStopTheWalkWhereTheyMatch() throws {
    func walk(_ pattern: String, _ kind: DirectoryEntry.Kind) throws -> [String] {
        var found: [String] = []
        try Glob(pattern).walk(
            list: { directory in
                directory.isEmpty
                    ? [
                        DirectoryEntry(name: "a.csv", kind: .file),
                        DirectoryEntry(undecodable: [0xFF, 0x0A] + Array("\\.csv".utf8), kind: kind),
                    ] : []
            }, visit: { found.append($0) })
        return found
    }
    #expect(try walk("*.txt", .file) == [])
    #expect(try walk("a*", .file) == ["a.csv"])
    #expect(try walk("*.csv", .directory) == ["a.csv"])
    #expect(try walk("*.csv", .symbolicLink) == ["a.csv"])
    for (pattern, kind) in [("*.csv", DirectoryEntry.Kind.file), ("**/*.csv", .directory), ("{d}/x", .directory)] {
        let failure = #expect(throws: FormatsError.self) { try walk(pattern, kind) }
        #expect(failure?.code == .undecodableName)
        #expect(failure?.message.hasPrefix("\\xFF\\x0A\\x5C.csv: ") == true)
    }
}

@Test func twoSpellingsOfOneLetterAreTwoValues() throws {
    let glob = try Glob("{d}/{e}.csv")
    #expect(try glob.partition(of: "d=\u{e9}/x.csv") != nil)
    #expect(throws: FormatsError.self) { try Glob("d={d}/**").partition(of: "d=\u{e9}/d=e\u{301}/x.csv") }
}
