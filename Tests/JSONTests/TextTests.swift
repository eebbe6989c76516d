import JSON
import TestKit
import Testing

@Suite struct TextTests {
    private func unescaped(_ text: String) throws -> String {
        try withPadded(Array(text.utf8)) { base, count in
            let length = try unescape(base, count)
            return String(decoding: UnsafeBufferPointer(start: base, count: length), as: UTF8.self)
        }
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u0000"#, "\u{0}"),
        (#"\u007F\u0080\u07ff\u0800\uFFFF"#, "\u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}"),
        (#"\ud83d\uDE00"#, "\u{1F600}"), (#"\uD800\uDC00\uDBFF\uDFFF"#, "\u{10000}\u{10FFFF}"),
        (#"a\u00e9b é \\u0041"#, "aéb é \\u0041"), (#"\n\n"#, "\n\n"),
    ])
    func unescapes(_ text: String, _ expected: String) throws {
        #expect(try unescaped(text) == expected)
    }

    @Test(
        arguments: [
            ("", nil), ("plain", nil), (#"\n\\uD800 \u0000é"#, nil), (#"\uD83D\uDE00\uDBFF\uDFFF"#, nil),
            (#"\uFFFF"#, nil),
            (#"\uD800"#, 0), (#"ab\uDC00"#, 2), (#"\uD83D\uDE00\uD83D"#, 12), (#"\\\uD800\n"#, 2),
            (#"\uD800\uD800"#, 0),
            (#"\n\uD83Dx\uDE00"#, 2),
        ] as [(String, Int?)])
    func findsHalfPairs(_ text: String, _ place: Int?) {
        withPadded(Array(text.utf8)) { base, count in #expect(loneSurrogate(base, count) == place) }
    }

    @Test(
        arguments: [
            ("", 0), ("x", 0), (" \t\r\n x", 5), ("\u{b}", 0), ("\0", 0), ("\u{c} ", 0), ("\u{a0}", 0), ("   ", 3),
        ] as [(String, Int)])
    func skipsOnlyTheWhiteSpaceOfJSON(_ text: String, _ end: Int) {
        withPadded(Array(text.utf8), padding: 0x20) { base, count in #expect(skipWhiteSpace(base, 0, count) == end) }
    }

    @Test(arguments: [
        (#"\uD800"#, JSONError.Code.loneSurrogate, 0), (#"x\uDC00"#, .loneSurrogate, 1),
        (#"\uD800\uD800"#, .loneSurrogate, 0), (#"\uD800\n"#, .loneSurrogate, 0),
        (#"\uD83Dx\uDE00"#, .loneSurrogate, 0),
        (#"\uD83D\uDE0"#, .loneSurrogate, 0), (#"\uDE00\uD83D"#, .loneSurrogate, 0), (#"a\"#, .invalidEscape, 1),
        (#"\u12"#, .invalidEscape, 0), (#"\u12x4"#, .invalidEscape, 0), (#"\x"#, .invalidEscape, 0),
    ])
    func refusesEscapes(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        #expect(throws: JSONError(code, at: offset)) { try unescaped(text) }
    }

    @Test func escapesRoundTrip() throws {
        var random = SeededRandom(11)
        for _ in 0..<3000 {
            let bytes = (0..<random.below(60)).map { _ in
                random.below(3) == 0 ? UInt8(random.below(128)) : [0x61, 0x22, 0x5C, 0x0A, 0x41][random.below(5)]
            }
            var output: [UInt8] = []
            bytes.withUnsafeBufferPointer { appendEscaped($0, to: &output) }
            #expect(output.count <= escapedBound(bytes.count))
            #expect(try JSONValue(parsing: output) == .string(String(decoding: bytes, as: UTF8.self)))
        }
        var output: [UInt8] = [0x5B]
        appendEscaped("\u{1}\u{1F}\u{7F}\u{8}\t\n\u{C}\r\"\\é", to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "[\"\\u0001\\u001f\u{7F}\\b\\t\\n\\f\\r\\\"\\\\é\"")
    }

    @Test(arguments: [
        ("{}", "{}"), (" { } ", "{}"), ("{ \"a\" :\n[ 1 ,\t2 ] }", "{\"a\":[1,2]}"),
        ("{\"a b\": \" x \\\" y \"}", "{\"a b\":\" x \\\" y \"}"),
        ("[ \"\\\\\" , \"\\\\\\\" \" ]", "[\"\\\\\",\"\\\\\\\" \"]"),
        ("\"a  b\"", "\"a  b\""), (" 1 ", "1"), ("[ \"é 12345678 \" ]", "[\"é 12345678 \"]"),
    ])
    func compacts(_ text: String, _ expected: String) {
        withPadded(Array(text.utf8)) { base, count in
            var output = [UInt8](repeating: 0xEE, count: count)
            let written = output.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.map { compact(base, count, to: $0) } ?? 0
            }
            #expect(String(decoding: output[..<written], as: UTF8.self) == expected)
            // In place, too.
            let length = compact(base, count, to: base)
            #expect(String(decoding: UnsafeBufferPointer(start: base, count: length), as: UTF8.self) == expected)
        }
    }

    @Test func validatesUTF8LikeTheStandardLibrary() {
        var random = SeededRandom(3)
        let pieces = [
            "a", "abcdefgh", String(repeating: "x", count: 32), "é", "\u{7FF}", "€", "\u{1F600}", "\u{10FFFF}",
        ]
        for _ in 0..<4000 {
            var bytes = (0..<random.below(20)).flatMap { _ in Array(pieces[random.below(pieces.count)].utf8) }
            if !bytes.isEmpty && random.below(3) > 0 { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            if !bytes.isEmpty && random.below(4) == 0 { bytes.removeLast(min(bytes.count, 1 + random.below(3))) }
            let bad = withPadded(bytes, padding: 0x80) { base, count in validUTF8(base, count) }
            if let bad {
                #expect(String(validating: bytes, as: UTF8.self) == nil)
                #expect(String(validating: bytes[..<bad], as: UTF8.self) != nil)
                // What begins there is ill-formed, however much of the rest one looks at.
                let rest = bytes[bad...]
                #expect(
                    (1...min(4, rest.count)).allSatisfy { String(validating: rest.prefix($0), as: UTF8.self) == nil })
            } else {
                #expect(String(validating: bytes, as: UTF8.self) != nil)
            }
        }
    }
}
