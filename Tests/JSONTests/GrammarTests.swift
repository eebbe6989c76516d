import JSON
import Testing

/// What RFC 8259 accepts and refuses, case by case; every case with several kinds of bytes behind the input.
@Suite struct GrammarTests {
    static let accepted = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "-0.5e-7", "1e5",
        "1E+05", "1e-0", "0e0", "\"\"", "\"a\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\uFFFF\\uabcd\"",
        "\"\\uD83D\\uDE00\"", "\"\\uD800\"", "\"\u{7F}\"", "\"\u{1F600}\u{10FFFF}\u{0}x\"".replacingNUL, "[]", "{}",
        " [ ] ", "\t{\r\n}\n", "[1,2]", "[ 1 , 2 ]", "[[],[[]],{}]", "{\"a\":1}", "{ \"a\" : { \"b\" : [ ] } }",
        "{\"\":0}", "{\"a\":1,\"a\":2}", "{\"\\u0061\":1}", "[null,true,false,\"x\",1.5,-2e3,{\"k\":[]}]",
        "\"12345678\"", "\"1234567\\\"\"", "\"123456789012345\\u12aF\"",
    ]

    static let refused = [
        "", " ", "nul", "nulll", "True", "tru", "fals", "falsey", "NaN", "Infinity", "-Infinity", "-", "+1", "01",
        "-01",
        "1.", ".5", "1.e5", "1e", "1e+", "1ee5", "1.5.5", "0x1", "1a", "--1", "1 2", "\"", "\"a", "\"\\", "\"\\\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\U0041\"", "\"\n\"", "\"\t\"", "\"\u{1F}\"", "'a'", "[", "]", "[1",
        "[1,", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[1}", "[\"a\":1]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,", "{\"a\":1,}", "{,\"a\":1}", "{\"a\",1}", "{\"a\" 1}", "{a:1}", "{1:1}", "{null:1}", "{\"a\":1]",
        "{\"a\":}", "{\"a\":1 \"b\":2}", "{\"a\":1,,\"b\":2}", "{\"a\"::1}", "{'a':1}", "[1]x", "{}}", "[]]", "{}{}",
        "\u{FEFF}[]", "\u{A0}[]", "[\u{0C}]", "/**/1", "[1]//", "\\u0031", "[\"a\\u00A\"]", "{\"a\\\":1}",
    ]

    @Test(arguments: accepted) func accepts(_ text: String) throws {
        for padding in paddings { #expect(scanError(Array(text.utf8), padding: padding) == nil) }
        if text == "\"\\uD800\"" {
            // The grammar allows half a character; a value cannot hold it.
            #expect(throws: JSONError(.loneSurrogate, at: 1)) { try JSONValue(parsing: text) }
        } else {
            _ = try JSONValue(parsing: text, duplicateKeys: .kept)
        }
        let wrapped = "{\"k\":" + text + "}"
        for padding in paddings {
            let record = try? scanRecord(Array(wrapped.utf8), padding: padding)
            #expect(record?.end == wrapped.utf8.count || text.contains("\\uD800"))
        }
    }

    @Test(arguments: refused) func refuses(_ text: String) {
        for padding in paddings { #expect(scanError(Array(text.utf8), padding: padding) != nil) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        if text != "{}}" {
            #expect(throws: JSONError.self) { try scanRecord(Array("{\"k\":\(text)".utf8)) }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0x22, 0xFF, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0x80, 0x22], [0x5B, 0xE9, 0x5D],
            [0xFE, 0xFF, 0x00, 0x5B], [0x5B, 0x00, 0x5D], [0x22, 0x00, 0x22],
        ] as [[UInt8]])
    func refusesBytes(_ bytes: [UInt8]) {
        #expect(scanError(bytes) != nil)
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    /// No beginning of a record is a record, whatever lies behind it.
    @Test func everyPrefixIsTruncated() {
        let text = #" {"a\u0041":"x\n\u00e9y","n":-12.5e+10,"t":true,"f":false,"z":null,"o":{"p":[1,{"q":[]}]}}"#
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            for padding in paddings {
                let failure = #expect(throws: JSONError.self) {
                    try scanRecord(Array(bytes[..<count]), padding: padding)
                }
                #expect((failure?.offset ?? .max) <= count)
                #expect(failure?.code == .truncated)
            }
        }
        #expect(scanError(bytes) == nil)
    }

    @Test(arguments: [
        ("[1]", JSONError.Code.expectedObject, 0), (#"{a}"#, .expectedKey, 1), (#"{"a"}"#, .expectedColon, 4),
        (#"{"a":1 x"#, .expectedCommaOrBrace, 7), (#"{"a":[1 x"#, .expectedCommaOrBracket, 8),
        (#"{"a":x"#, .expectedValue, 5), (#"{"a":nil}"#, .invalidLiteral, 5), (#"{"a":1.x"#, .invalidNumber, 7),
        ("{\"a\":\"b\u{1}\"}", .controlCharacter, 7), (#"{"a":"\q"}"#, .invalidEscape, 6), (#"{"a":1"#, .truncated, 6),
        (#"{"a":{"b":[}}"#, .expectedValue, 11), (#"{"a":{"b" 1}}"#, .expectedColon, 10),
    ])
    func namesWhatAndWhere(_ text: String, _ code: JSONError.Code, _ offset: Int) {
        #expect(throws: JSONError(code, at: offset)) { try scanRecord(Array(text.utf8)) }
        #expect(JSONError(code, at: offset).message.contains("byte \(offset)"))
    }
}

extension String {
    /// NUL may not stand in a string unescaped; the table keeps its neighbours only.
    fileprivate var replacingNUL: String { String(unicodeScalars.filter { $0 != "\u{0}" }.map(Character.init)) }
}
