import JSON
import TestKit
import Testing

@Suite struct DocumentReaderTests {
    struct Page: Equatable {
        var records: [String] = []
        var kinds: [FieldKind] = []
        var fieldCounts: [Int] = []
        var captured: [String?] = []
        var kind: FieldKind?
    }

    private func read(
        _ text: String, _ records: [String], capture: [[String]] = [], padding: UInt8 = 0
    ) throws(JSONError) -> Page {
        try withPadded(Array(text.utf8), padding: padding) { base, count throws(JSONError) in
            var scanner = RecordScanner()
            var reader = DocumentReader(base, count, records: records, capture: capture)
            var page = Page()
            while let range = try reader.next(&scanner) {
                page.records.append(
                    String(
                        decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: range.count), as: UTF8.self
                    ))
                page.kinds.append(reader.elementKind)
                page.fieldCounts.append(scanner.fieldCount)
            }
            // Once at the end it stays there.
            if try reader.next(&scanner) != nil { page.records.append("again") }
            for value in reader.captured {
                page.captured.append(try value.map { value throws(JSONError) in try reader.text(of: value) })
            }
            page.kind = reader.recordsKind
            if reader.isMissing { throw reader.missingError }
            return page
        }
    }

    @Test(arguments: [
        (#"[{"a":1},{"b":2}]"#, []), ("\u{FEFF} [ {\"a\":1} , {\"b\":2} ] \n", []),
        (#"{"data":[{"a":1},{"b":2}]}"#, ["data"]), (#"{"x":[{"c":0}],"data":[{"a":1},{"b":2}],"y":{}}"#, ["data"]),
        (#"{"d":{"e":[0,{"f":[{"a":1},{"b":2}]},9]}}"#, ["d", "e", "1", "f"]),
        (#"{"d\u0061ta":[{"a":1},{"b":2}]}"#, ["data"]), (#"{"":[{"a":1},{"b":2}]}"#, [""]),
        (#"[[{"c":1}],[{"a":1},{"b":2}]]"#, ["1"]), (#"{"a/b":{"~":[{"a":1},{"b":2}]}}"#, ["a/b", "~"]),
        (#"{"\ud800":1,"data":[{"a":1},{"b":2}]}"#, ["data"]),
    ])
    func findsTheRecords(_ text: String, _ pointer: [String]) throws {
        for padding in paddings {
            let page = try read(text, pointer, padding: padding)
            #expect(page.records == [#"{"a":1}"#, #"{"b":2}"#])
            #expect(page.fieldCounts == [1, 1])
            #expect(page.kind == .array)
        }
    }

    @Test(
        arguments: [
            (#"{"a":1}"#, [], [#"{"a":1}"#], FieldKind.object),
            (#"{"d":{"a":1},"e":2}"#, ["d"], [#"{"a":1}"#], .object),
            ("[]", [], [], .array), (#"{"d":[]}"#, ["d"], [], .array), (#"{"d": [ ] ,"x":1}"#, ["d"], [], .array),
            (#"{"d":null}"#, ["d"], [], .null), ("null", [], [], .null), ("{}", [], ["{}"], .object),
            (#"[{}]"#, [], ["{}"], .array),
        ] as [(String, [String], [String], FieldKind)])
    func readsOtherShapes(_ text: String, _ pointer: [String], _ records: [String], _ kind: FieldKind) throws {
        let page = try read(text, pointer)
        #expect(page.records == records)
        #expect(page.kind == kind)
    }

    @Test func handsOutElementsThatAreNoObjects() throws {
        let page = try read(
            #"{"d":[{"a":1}, null ,[{"b":[2]}],"x\"y",-5,{"a":2}],"next":"t"}"#, ["d"],
            capture: [["next"], ["d", "2", "0", "b"]])
        #expect(page.records == [#"{"a":1}"#, "null", #"[{"b":[2]}]"#, #""x\"y""#, "-5", #"{"a":2}"#])
        #expect(page.kinds == [.object, .null, .array, .escapedString, .integer, .object])
        #expect(page.captured == ["t", "[2]"])
        #expect(try read("[null]", []).kinds == [.null])
    }

    @Test func capturesBeforeInsideAndBehind() throws {
        let text =
            #"{"n":"a\u0062","m":{"x":[10,{"y":true}],"t":1.50},"data":[{"id":1},{"id":7}],"#
            + #""next":null,"deep":{"data":[5]}}"#
        let pointers = [
            ["n"], ["m", "x", "0"], ["m", "x", "1", "y"], ["m", "t"], ["next"], ["data", "1", "id"], ["deep", "data"],
            ["nothing"], ["m", "x", "2"], ["data"], ["n", "x"], ["data", "01"],
        ]
        let page = try read(text, ["data"], capture: pointers)
        #expect(page.records.count == 2)
        #expect(
            page.captured == [
                "ab", "10", "true", "1.50", "null", "7", "[5]", nil, nil, #"[{"id":1},{"id":7}]"#, nil, nil,
            ])
        let single = try read(#"{"id":{"v":3}}"#, [], capture: [["id", "v"], []])
        #expect(single.captured == ["3", #"{"id":{"v":3}}"#])
    }

    @Test(arguments: [
        (#"{"x":1}"#, ["data"]), (#"{"data":5}"#, ["data", "items"]), (#"[[]]"#, ["1"]), ("7", ["a"]), ("{}", ["data"]),
        (#"{"Data":[]}"#, ["data"]), (#"{"data":{"items":[]}}"#, ["items"]), (#"[[]]"#, ["00"]),
    ])
    func saysWhenNothingIsThere(_ text: String, _ pointer: [String]) throws {
        let failure = #expect(throws: JSONError.self) { try read(text, pointer) }
        #expect(failure?.code == .recordsMissing(pointer: "/" + pointer.joined(separator: "/")))
        #expect(failure?.message.contains(pointer[0]) == true)
    }

    @Test(
        arguments: [
            (#"{"d":"x"}"#, ["d"], JSONError.Code.recordsNotContainer(pointer: "/d", kind: .string), 5),
            ("[{},5x]", [], .expectedCommaOrBracket, 5), ("[{},nul]", [], .invalidLiteral, 4),
            (#"{"d":[],"d":[]}"#, ["d"], .duplicateKey("d"), 12), ("[{}] x", [], .trailingBytes, 5),
            ("[{}]]", [], .trailingBytes, 4), ("[{}", [], .truncated, 3), ("[{},]", [], .expectedValue, 4),
            ("[{} {}]", [], .expectedCommaOrBracket, 4), (#"{"d":[{}],"e":tru}"#, ["d"], .invalidLiteral, 14),
            (#"{"d":[{}],"e":[1,]}"#, ["d"], .expectedValue, 17), (#"{"d":[{}],}"#, ["d"], .expectedKey, 10),
            (#"{"d":[{}]]"#, ["d"], .expectedCommaOrBrace, 9), (#"{"e":[}],"d":[{}]}"#, ["d"], .expectedValue, 6),
            ("", [], .truncated, 0), (#"{"d":[{"a":1}"#, ["d"], .truncated, 13),
            (#"{"d":[{"a":01}]}"#, ["d"], .invalidNumber, 11),
            (#"{"d" [{}]}"#, ["d"], .expectedColon, 5), (#"[{}"x"]"#, [], .expectedCommaOrBracket, 3),
        ] as [(String, [String], JSONError.Code, Int)])
    func refuses(_ text: String, _ pointer: [String], _ code: JSONError.Code, _ offset: Int) {
        for padding in paddings {
            #expect(throws: JSONError(code, at: offset)) { try read(text, pointer, padding: padding) }
        }
    }

    @Test func refusesAnAmbiguousCapture() {
        #expect(throws: JSONError(.duplicateKey("next"), at: 17)) {
            try read(#"{"next":1,"next":2,"d":[]}"#, ["d"], capture: [["next"]])
        }
    }

    /// No beginning of a page is a page, and every page is read as JSON readers with a tree would.
    @Test func everyPrefixIsTruncated() {
        let bytes = Array(#"{"m":{"n":[1,"x"]},"data":[{"a":1},{"b":[2]}],"next":"t\u0041","z":{}}"#.utf8)
        for count in 0..<bytes.count {
            for padding in paddings {
                let text = String(decoding: bytes[..<count], as: UTF8.self)
                #expect(throws: JSONError.self) {
                    try read(text, ["data"], capture: [["next"], ["m", "n", "1"]], padding: padding)
                }
            }
        }
    }

    @Test func agreesWithTheTreeOnMutatedPages() {
        var random = SeededRandom(21)
        let page = Array(#"{"m":{"n":[1,"x"]},"data":[{"a":1},{"b":[2]},{}],"next":"t","z":null}"#.utf8)
        let letters = Array(#"{}[]",:\0a1 .-n"#.utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = page
            for _ in 0...random.below(3) {
                let place = random.below(bytes.count)
                switch random.below(3) {
                case 0: bytes[place] = letters[random.below(letters.count)]
                case 1: bytes.remove(at: place)
                default: bytes.insert(letters[random.below(letters.count)], at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let tree = try? JSONValue(parsing: text, duplicateKeys: .kept)
            let outcome = Result { () throws(JSONError) in try read(text, ["data"], capture: [["next"]]) }
            switch outcome {
            case .success(let page):
                accepted += 1
                #expect(tree?["data"]?.elements?.count ?? (page.kind == .null ? 0 : 1) == page.records.count)
                #expect(tree?["next"]?.text == page.captured[0] || tree?["next"]?.text == nil)
            case .failure(let error):
                guard let tree else { continue }
                // Valid JSON is refused only for its shape.
                switch error.code {
                case .recordsNotContainer, .recordsMissing, .duplicateKey, .loneSurrogate: break
                default: Issue.record("\(error) for \(text), a valid document \(tree)")
                }
            }
        }
        #expect(accepted > 1000)
    }
}
