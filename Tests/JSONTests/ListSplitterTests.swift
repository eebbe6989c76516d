import JSON
import TestKit
import Testing

@Suite struct ListSplitterTests {
    /// The document's list and rest, read in pieces of `size` bytes; nil when a part is no JSON.
    private func split(_ text: String, _ size: Int) -> (elements: [JSONValue], rest: JSONValue)? {
        let bytes = Array(text.utf8)
        var splitter = ListSplitter(key: "list")
        var texts: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { piece in
                splitter.add(piece) { texts.append($0) }
            }
        }
        do {
            return (try texts.map { try JSONValue(parsing: $0) }, try JSONValue(parsing: splitter.finish()))
        } catch { return nil }
    }

    @Test(
        arguments: [
            #"{"list":[]}"#, #"{"a":1,"list":[ ],"b":2}"#, #"{"list":[1]}"#,
            #" { "list" : [ 1 , "]," , {"list":[3,[4]]} ] } "#,
            #"{"a":"list","list":["\"","\\",[],{}],"z":["list",[1]]}"#, #"{"a":{"list":[1,2]},"list":[null]}"#,
            #"{"list":{"list":[1]}}"#, #"{"list":"x"}"#, #"["list",[1]]"#, #"{"x":["list",[1,2]]}"#, "1", #"{}"#,
        ]) func takesOutTheListAndNothingElse(_ text: String) throws
    {
        let whole = try JSONValue(parsing: text)
        for size in 1...text.utf8.count {
            let parts = try #require(split(text, size))
            if let list = whole["list"]?.elements {
                #expect(parts.elements == list && parts.rest["list"] == .array([]))
            } else {
                #expect(parts.elements.isEmpty && parts.rest == whole)
            }
        }
    }

    /// What is no JSON as a whole has a part that is none.
    @Test(
        arguments: [
            #"{"list":[,]}"#, #"{"list":[1,]}"#, #"{"list":[1 2]}"#, #"{"list":[1}"#, #"{"list":[1]"#,
            #"{"list":[1]]}"#,
            #"{"list"[1]}"#, #"{"list":["a]}"#, #"{"list":[1],}"#, #"{"list":[1],"list":[2]}"#, #"{"list":[}]}"#,
            #"{"list":[{]}]}"#, #"{"list":[1]}x"#, #"{"list":[1e]}"#, "", "[",
        ]) func refusesWhatIsNoJSON(_ text: String)
    {
        for size in 1...max(1, text.utf8.count) { #expect(split(text, size) == nil) }
    }

    @Test func damagedDocumentsAreRefusedAsTheWholeParserDoes() {
        var random = SeededRandom(11)
        let text = #"{"a":{"list":[1]},"list":[{"s":"x\"]","n":-1.5e3},[1,[2]],"é"],"tail":["list",true]}"#
        for _ in 0..<5_000 {
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: index)
                default: bytes[index] = UInt8.random(in: 0x20...0x7E, using: &random)
                }
            }
            let damaged = String(decoding: bytes, as: UTF8.self)
            let whole = try? JSONValue(parsing: damaged)
            let parts = split(damaged, 7)
            if let whole {
                #expect(parts != nil, "\(damaged)")
                if let list = whole["list"]?.elements { #expect(parts?.elements == list, "\(damaged)") }
            } else {
                #expect(parts == nil, "\(damaged)")
            }
        }
    }
}
