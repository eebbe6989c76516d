import JSON
import TestKit
import Testing

@Suite struct RecordScannerTests {
    typealias Member = ScannedRecord.Member

    @Test func fillsTheFields() throws {
        let text =
            #"  {"s":"plain","e":"a\"b","\u006b":"","i":-12,"n":1.5,"x":2E3,"m":-0,"t":true,"f":false,"z":null,"#
            + #""o":{"a":[1,2]},"r":[{"b":"]"}]} tail"#
        let record = try scanRecord(Array(text.utf8))
        #expect(
            record.members == [
                Member("s", .string, "plain"), Member("e", .escapedString, "a\"b"), Member("k", .string, ""),
                Member("i", .integer, "-12"), Member("n", .number, "1.5"), Member("x", .number, "2E3"),
                Member("m", .number, "-0"), Member("t", .true, "true"), Member("f", .false, "false"),
                Member("z", .null, "null"), Member("o", .object, #"{"a":[1,2]}"#), Member("r", .array, #"[{"b":"]"}]"#),
            ])
        #expect(record.end == text.utf8.count - 5)
        #expect(!record.sawNewline)
    }

    @Test(arguments: [
        ("{}", false), (" \n{}", false), ("{\n}", true), ("{\"a\":1\r}", true), ("{\"a\":\n1}", true),
        ("{\"a\"\n:1}", true), ("{\"a\":[1,\n2]}", true), ("{\"a\":{\"b\":\n{}}}", true), ("{\"a\":{\n}}", true),
        ("{\"a\":{\"b\"\n:1}}", true), ("{ \"a\" : [ 1 , 2 ] }", false), ("{\t\"a\":\"\\n\"}", false), ("{}\n", false),
    ])
    func noticesLineBreaks(_ text: String, _ expected: Bool) throws {
        #expect(try scanRecord(Array(text.utf8)).sawNewline == expected)
    }

    @Test func growsWithTheMembers() throws {
        var scanner = RecordScanner()
        for count in [1000, 3, 0, 129] {
            let text = "{" + (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
            try withPadded(Array(text.utf8)) { base, length in
                let end = try scanner.scanObject(base, from: 0, to: length)
                #expect(end == length)
                #expect(scanner.fieldCount == count)
                for index in 0..<count {
                    #expect(
                        parseInteger(
                            base + scanner[index].valueRange.lowerBound,
                            scanner[index].valueRange.count) == Int64(index))
                }
                #expect(scanner.fields.count == count)
            }
        }
    }

    @Test func scansRecordAfterRecord() throws {
        let lines = Array("{\"a\":1}\n{\"b\":2} \r\n\n{\"c\":3}".utf8)
        try withPadded(lines) { base, count in
            var scanner = RecordScanner()
            var ends: [Int] = []
            var i = 0
            while i < count {
                i = try scanner.scanObject(base, from: i, to: count)
                ends.append(i)
            }
            #expect(ends == [7, 15, count])
        }
    }

    static func nested(_ depth: Int, _ isObject: (Int) -> Bool) -> String {
        var open = ""
        var close = ""
        for level in 0..<depth {
            open += isObject(level) ? "{\"k\":" : "["
            close = (isObject(level) ? "}" : "]") + close
        }
        return open + "1" + close
    }

    @Test(arguments: [1, 2, 63, 64, 65, 127, 128, 129, 500, 1023])
    func followsNesting(_ depth: Int) throws {
        for pattern in 0..<4 {
            var random = SeededRandom(UInt64(depth * 4 + pattern))
            let kinds = (0..<depth).map { _ in
                pattern == 0 ? true : pattern == 1 ? false : random.next() & 1 == 0
            }
            let text = Array("{\"a\":\(Self.nested(depth) { kinds[$0] })}".utf8)
            _ = try scanRecord(text)
            // Each closing bracket replaced by the other kind.
            for back in 0..<min(depth, 200) {
                var wrong = text
                let position = wrong.count - 2 - back
                wrong[position] = wrong[position] == 0x7D ? 0x5D : 0x7D
                #expect(throws: JSONError.self) { try scanRecord(wrong) }
            }
        }
    }

    @Test func limitsNesting() throws {
        let limit = RecordScanner.maximumDepth
        _ = try scanRecord(Array("{\"a\":\(Self.nested(limit - 1) { _ in false })}".utf8))
        let tooDeep = Array("{\"a\":\(Self.nested(limit) { _ in false })}".utf8)
        let failure = #expect(throws: JSONError.self) { try scanRecord(tooDeep) }
        #expect(failure?.code == .tooDeep(limit: limit))
        #expect(scanError(Array(Self.nested(limit) { _ in true }.utf8)) == nil)
        #expect(scanError(Array(repeating: 0x5B, count: 100_000))?.code == .tooDeep(limit: limit))
    }

    /// Strings of every length with the interesting byte at every place of the eight that are looked at together.
    @Test(arguments: [UInt8(0x22), 0x5C, 0x00, 0x1F, 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7F, 0x80, 0xA2, 0xDC, 0xFF])
    func findsEveryByte(_ byte: UInt8) {
        var wrong: [String] = []
        for length in 0..<40 {
            for place in 0...length {
                for filler in [UInt8(0x61), 0x23, 0x5D, 0xA2, 0x80, 0x20] {
                    var content = [UInt8](repeating: filler, count: length)
                    content.insert(byte, at: place)
                    let found = withPadded([0x22] + content + [0x22], padding: 0x22) { base, count in
                        let scanner = RecordScanner()
                        return Result { () throws(JSONError) in try scanner.scanValue(base, from: 0, to: count) }
                    }
                    let isRight =
                        switch byte {
                        case 0x22: (try? found.get())?.length == place
                        case 0x5C: (try? found.get()) == nil
                        case 0x00, 0x1F: found == .failure(JSONError(.controlCharacter, at: place + 1))
                        default: (try? found.get())?.length == length + 1
                        }
                    if !isRight { wrong.append("length \(length), place \(place), filler \(filler)") }
                }
            }
        }
        #expect(wrong == [])
    }
}
