import Foundation
import TestKit
import Testing

@testable import Formats

private func file(_ path: String, _ size: Int64 = 10, _ time: Int64 = 1_700_000_000_123_456_789, _ hash: String? = nil)
    -> FileIdentity
{
    FileIdentity(path: path, size: size, modifiedNanoseconds: time, contentHash: hash)
}

@Test func newAndChangedFiles() {
    var seen = SeenSet()
    #expect(seen.pending(of: [file("b"), file("a")]).map(\.reason) == [.new, .new])
    for known in [
        file("same"), file("size"), file("time"), file("touched", 1, 1, "h"), file("edited", 1, 1, "h"), file("gone"),
    ] {
        seen.insert(known)
    }
    let present = [
        file("same"), file("size", 11), file("time", 10, 5), file("touched", 1, 2, "h"), file("edited", 1, 1, "i"),
        file("new"),
    ]
    let pending = seen.pending(of: present)
    #expect(pending.map(\.file.path) == ["size", "time", "edited", "new"])
    #expect(pending.map(\.reason) == [.changed, .changed, .changed, .new])
    for item in pending { seen.insert(item.file) }
    seen.keep(present: present)
    #expect(seen.count == 6)
    #expect(seen.pending(of: present).isEmpty)
    #expect(seen.pending(of: [file("gone")]).map(\.reason) == [.new])
}

@Test func pathsAreBytes() {
    var seen = SeenSet()
    seen.insert(file("\u{e9}"))
    #expect(seen.pending(of: [file("e\u{301}")]).count == 1)
    seen.insert(file("e\u{301}"))
    #expect(seen.count == 2)
    #expect(file("\u{e9}") != file("e\u{301}"))
}

@Test func aFileInWorkIsResumed() throws {
    var seen = SeenSet()
    seen.partial = SeenSet.Partial(file: file("a"), nextOrdinal: .max)
    #expect(try SeenSet(decoding: seen.encoded()) == seen)
    #expect(seen.nextOrdinal(of: file("a")) == .max)
    #expect(seen.nextOrdinal(of: file("a", 11)) == 0)
    #expect(seen.nextOrdinal(of: file("b")) == 0)
    seen.insert(file("a"))
    #expect(seen.partial == nil)
    seen.partial = SeenSet.Partial(file: file("b", 1, 1, "h"), nextOrdinal: 5)
    #expect(try SeenSet(decoding: seen.encoded()) == seen)
    seen.keep(present: [file("a")])
    #expect(seen.partial == nil)
}

@Test func encodingIsFixed() throws {
    var seen = SeenSet()
    #expect(seen.encoded() == #"{"v":1,"d":{}}"#)
    seen.insert(file("b/y\"", 2, -1, "h"))
    seen.insert(file("a", 1))
    seen.insert(file("b/x"))
    #expect(
        seen.encoded()
            == #"{"v":1,"d":{"":[["a",1,"1700000000123456789"]],"b/":[["x",10,"1700000000123456789"],["y\"",2,"-1","h"]]}}"#
    )
    #expect(try SeenSet(decoding: seen.encoded()) == seen)
    // Through another JSON library, and with what a later version may add.
    let object = try JSONSerialization.jsonObject(with: Data(seen.encoded().utf8))
    let pretty = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
    #expect(try SeenSet(decoding: String(decoding: pretty, as: UTF8.self)) == seen)
    #expect(try SeenSet(decoding: #"{"x":[true,1.5,{"y":null}],"d":{},"v":1}"#) == SeenSet())
}

@Test func encodingKeepsEveryPath() throws {
    var random = SeededRandom(9)
    var seen = SeenSet()
    for index in 0..<500 {
        let path = (0...random.below(3)).map { _ in
            random.pick(["a", "ü", "e\u{301}", "\u{e9}", "\"", "\\", "\n", "\u{1}", "🔥", "x y"])
        }.joined(separator: "/")
        seen.insert(
            file(
                "\(path)\(index % 50)", Int64(bitPattern: random.next()), Int64(bitPattern: random.next()),
                random.pick([nil, "abc", ""])))
    }
    let again = try SeenSet(decoding: seen.encoded())
    #expect(again == seen)
    #expect(again.encoded() == seen.encoded())
}

@Test(arguments: [
    "", "null", "[]", "{", "{}", "{\"v\":1}", "{\"v\":2,\"d\":{}}", "{\"v\":\"1\",\"d\":{}}", "{\"v\":1,\"d\":[]}",
    "{\"v\":1,\"d\":{\"\":1}}",
    "{\"v\":1,\"d\":{\"\":[1]}}", "{\"v\":1,\"d\":{\"\":[[\"a\",1]]}}", "{\"v\":1,\"d\":{\"\":[[\"a\",1,2]]}}",
    "{\"v\":1,\"d\":{}}x",
    "{\"v\":1,\"d\":{\"\":[[\"a\",1.5,\"2\"]]}}", "{\"v\":1,\"d\":{\"\":[[\"a\",99999999999999999999,\"2\"]]}}",
    "{\"v\":1,\"d\":{},\"p\":[]}",
    "{\"v\":1,\"d\":{},\"p\":[\"a\",1,\"2\",null,\"-1\"]}", "{\"v\":1,\"d\":{\"\\ud800\":[]}}", "{\"v\":01,\"d\":{}}",
    "\u{0}",
    String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
])
func garbageIsRefused(_ text: String) {
    let error = #expect(throws: FormatsError.self) { try SeenSet(decoding: text) }
    #expect(error?.code == .badCursor)
}

@Test func mutatedCursorsNeverCrash() {
    var seen = SeenSet()
    for path in ["a/b.csv", "a/c.csv", "d"] { seen.insert(file(path, 5, 6, "hash")) }
    seen.partial = SeenSet.Partial(file: file("e"), nextOrdinal: 3)
    let text = Array(text: seen.encoded())
    var random = SeededRandom(4)
    var refused = 0
    for _ in 0..<3000 {
        let mutated = String(decoding: random.mutate(text, with: Array(text: "{}[]\",:\\0-u")), as: UTF8.self)
        if let again = try? SeenSet(decoding: mutated) {
            // Whatever is taken can be written and read again.
            #expect((try? SeenSet(decoding: again.encoded())) == again)
        } else {
            refused += 1
        }
    }
    #expect(refused > 1000)
}

@Test func takenRowsAreCurrentWhileTheirFilesAre() {
    var seen = SeenSet()
    seen.insert(file("a"))
    seen.partial = SeenSet.Partial(file: file("b"), nextOrdinal: 7)
    #expect(seen.isCurrent(in: [file("a"), file("b"), file("new")], allowingGone: false))
    #expect(!seen.isCurrent(in: [file("a", 11), file("b")], allowingGone: true))
    #expect(!seen.isCurrent(in: [file("a"), file("b", 10, 5)], allowingGone: true))
    #expect(seen.isCurrent(in: [file("b")], allowingGone: true))
    #expect(!seen.isCurrent(in: [file("b")], allowingGone: false))
    #expect(!seen.isCurrent(in: [file("a")], allowingGone: false))
    #expect(SeenSet().isCurrent(in: [], allowingGone: false))
}
