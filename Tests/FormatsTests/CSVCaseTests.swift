import Testing

@testable import Formats

struct CSVCase: Sendable, CustomTestStringConvertible {
    let text: String
    let records: [String]
    var rejects: [String] = []
    var dialect = CSVDialect.csv

    var testDescription: String { text.debugDescription }
}

private func declared(
    _ names: String..., isQuoted: Bool = true, nullMarker: String = "", nulls: CSVDialect.Nulls = .written
)
    -> CSVDialect
{
    CSVDialect(
        isQuoted: isQuoted, names: .declared(names, skippingFirstRow: false), nullMarker: nullMarker, nulls: nulls)
}

private let cases: [CSVCase] = [
    // RFC 4180, section 2, rules 1 to 7.
    CSVCase(
        text: "a,b,c\r\naaa,bbb,ccc\r\nzzz,yyy,xxx\r\n",
        records: [#"{"a":"aaa","b":"bbb","c":"ccc"}"#, #"{"a":"zzz","b":"yyy","c":"xxx"}"#]),
    CSVCase(text: "a,b\naaa,bbb", records: [#"{"a":"aaa","b":"bbb"}"#]),
    CSVCase(text: "a,b\n x , y ", records: [#"{"a":" x ","b":" y "}"#]),
    CSVCase(text: "a,b\n\"aaa\",\"bbb\"\r\nz,\"y\"", records: [#"{"a":"aaa","b":"bbb"}"#, #"{"a":"z","b":"y"}"#]),
    CSVCase(text: "a,b\n\"b \r\nb\nb\",c\n", records: [#"{"a":"b \r\nb\nb","b":"c"}"#]),
    CSVCase(text: "a,b\n\"b,\"\"b\"\"\",\"\"\"\"\n", records: [#"{"a":"b,\"b\"","b":"\""}"#]),
    CSVCase(text: "\"a,\"\"1\"\"\n\",b\n1,2\n", records: [#"{"a,\"1\"\n":1,"b":2}"#]),
    // Null and empty.
    CSVCase(text: "a,b,c\n,\"\",\n", records: [#"{"a":null,"b":"","c":null}"#]),
    CSVCase(text: "a,b,c\n,,\n1,,", records: [#"{"a":null,"b":null,"c":null}"#, #"{"a":1,"b":null,"c":null}"#]),
    CSVCase(text: ",,\n1,,\n", records: ["{}", #"{"a":1}"#], dialect: declared("a", "b", "c", nulls: .omitted)),
    CSVCase(text: ",,3\n", records: [#"{"c":3}"#], dialect: declared("a", "b", "c", nulls: .omitted)),
    CSVCase(
        text: "NULL,,\"NULL\"\nnull,NULLL,NUL\n",
        records: [#"{"a":null,"b":"","c":"NULL"}"#, #"{"a":"null","b":"NULLL","c":"NUL"}"#],
        dialect: declared("a", "b", "c", nullMarker: "NULL")),
    CSVCase(
        text: "\\N,-1,x\n", records: [#"{"b":-1,"c":"x"}"#],
        dialect: declared("a", "b", "c", nullMarker: "\\N", nulls: .omitted)),
    CSVCase(text: "-999,-9990\n", records: [#"{"a":null,"b":-9990}"#], dialect: declared("a", "b", nullMarker: "-999")),
    // Numbers.
    CSVCase(
        text: "a,b,c,d,e,f\n0,-0,1.50,1e5,-1.2E+10,123456789012345678901234567890.123456789012345678901\n",
        records: [
            #"{"a":0,"b":-0,"c":1.50,"d":1e5,"e":-1.2E+10,"f":123456789012345678901234567890.123456789012345678901}"#
        ]),
    CSVCase(
        text: "a,b,c,d,e,f\n007,+5, 5,5 ,1e,.5\n1.,-,nan,true,1e+,0x1\n\"5\",1_0,--1,1-,1.5.2,00",
        records: [
            #"{"a":"007","b":"+5","c":" 5","d":"5 ","e":"1e","f":".5"}"#,
            #"{"a":"1.","b":"-","c":"nan","d":"true","e":"1e+","f":"0x1"}"#,
            #"{"a":"5","b":"1_0","c":"--1","d":"1-","e":"1.5.2","f":"00"}"#,
        ]),
    CSVCase(
        text: "a,b\n1,2\n,3\n", records: [#"{"a":1,"b":"2"}"#, #"{"a":null,"b":"3"}"#],
        dialect: CSVDialect(textColumns: ["b", "unknown"])),
    // Escapes, Unicode, byte order mark.
    CSVCase(text: "a\n\\\n", records: [#"{"a":"\\"}"#]),
    CSVCase(
        text: "a,b\nx\ty\u{1}\u{0},\"\u{7f}\u{8}\u{c}\u{1f}\"\n",
        records: ["{\"a\":\"x\\ty\\u0001\\u0000\",\"b\":\"\u{7f}\\b\\f\\u001f\"}"]),
    CSVCase(text: "\u{feff}ä,b\nö→🔥,日本\n", records: [#"{"ä":"ö→🔥","b":"日本"}"#]),
    CSVCase(text: "\u{feff}\"a\"\n1\n", records: [#"{"a":1}"#]),
    // Empty lines.
    CSVCase(text: "a,b\n\n1,2\n\r\n3,4\n\n", records: [#"{"a":1,"b":2}"#, #"{"a":3,"b":4}"#]),
    CSVCase(text: "a,b\n1,2\n\r", records: [#"{"a":1,"b":2}"#]),
    CSVCase(text: "a\n\n1\n\"\"\n", records: [#"{"a":null}"#, #"{"a":1}"#, #"{"a":""}"#]),
    CSVCase(text: "", records: []),
    CSVCase(text: "\u{feff}", records: []),
    CSVCase(text: "a,b\n", records: []),
    CSVCase(text: "a,b", records: []),
    // Other dialects.
    CSVCase(
        text: "a\tb\n1,5\tx\"\n", records: [], rejects: ["2: a quote stands inside of an unquoted field"], dialect: .tsv
    ),
    CSVCase(text: "a\tb\n1,5\t\"x\ty\"\n", records: [#"{"a":"1,5","b":"x\ty"}"#], dialect: .tsv),
    CSVCase(
        text: "1,\"x\n2,y\"\n", records: [#"{"a":1,"b":"\"x"}"#, #"{"a":2,"b":"y\""}"#],
        dialect: declared("a", "b", isQuoted: false)),
    CSVCase(text: "a;b\n1,5;\"x;\"\n", records: [#"{"a":"1,5","b":"x;"}"#], dialect: CSVDialect(delimiter: 0x3b)),
    CSVCase(
        text: "x,y\n1,2\n", records: [#"{"a":1,"b":2}"#],
        dialect: CSVDialect(names: .declared(["a", "b"], skippingFirstRow: true))),
    // Rejects, and the rows after them.
    CSVCase(
        text: "a,b\n1\n2,3\n4,5,6\n7,8\n", records: [#"{"a":2,"b":3}"#, #"{"a":7,"b":8}"#],
        rejects: ["2: the row has 1 fields, the file has 2 columns", "4: the row has 3 fields, the file has 2 columns"]),
    CSVCase(
        text: "a,b\nx\"y,1\n\"p\nq\"r,1\n\"z\",2\n", records: [#"{"a":"z","b":2}"#],
        rejects: ["2: a quote stands inside of an unquoted field", "3: text follows the closing quote of a field"]),
    CSVCase(
        text: "a,b\n1,2\rx\n3,4\n", records: [#"{"a":3,"b":4}"#],
        rejects: ["2: a carriage return without a line feed stands outside of quotes"]),
    CSVCase(text: "a,b\n1,2\r", records: [#"{"a":1,"b":2}"#]),
    CSVCase(
        text: "a,b\n1,2\n3,\"x\ny,z\n\n5,6\n", records: [#"{"a":1,"b":2}"#],
        rejects: ["3: the quoted field that begins in line 3 is not closed until the end of the file in line 7"]),
    CSVCase(
        text: "a,b\n\"x\n\",\"y\n", records: [],
        rejects: ["2: the quoted field that begins in line 3 is not closed until the end of the file in line 4"]),
]

@Test(arguments: cases)
func csvCase(_ example: CSVCase) throws {
    for cut in cuts {
        let reading = try readCSV(Array(text: example.text), example.dialect, cut: cut)
        #expect(reading.records == example.records)
        #expect(reading.rejects.map { "\($0.line): \($0.reason)" } == example.rejects)
        #expect(reading.error == nil)
    }
}

@Test func csvPositionsAndRawBytes() throws {
    let text = Array(text: "a,b\r\n1,2\r\n\r\n\"x\ny\",3\r\nbad\r\n") + [0x31, 0x2c, 0xff, 0x0a] + Array(text: "9,9")
    for cut in cuts {
        let reading = try readCSV(text, cut: cut)
        #expect(reading.records == [#"{"a":1,"b":2}"#, #"{"a":"x\ny","b":3}"#, #"{"a":9,"b":9}"#])
        #expect(reading.positions == [[0, 2], [1, 4], [4, 8]])
        #expect(reading.rejects.map(\.ordinal) == [2, 3])
        #expect(reading.rejects.map(\.line) == [6, 7])
        #expect(reading.rejects.map(\.raw) == [Array(text: "bad"), [0x31, 0x2c, 0xff]])
        #expect(reading.rejects[1].reason == "the row is not valid UTF-8")
    }
}

@Test(arguments: [
    ("a,,c\n1,2,3\n", "column 2 has no name"), ("a,b,a\n", "columns 1 and 3 have the same name \"a\""),
    ("a,b,\n", "column 3 has no name"), ("\n1\n", "column 1 has no name"), ("a,\"b\n", "not closed"),
    ("a,b\"c\n", "a quote stands inside"), ("\"a\"b\n", "text follows"), ("a\rb\n", "stands alone"),
])
func csvHeaderErrors(_ text: String, _ message: String) throws {
    for cut in cuts {
        let input = TextInput(
            PieceSource(bytes: Array(text: text), piece: cut.piece), name: "t.csv", capacity: cut.window)
        let reader = try CSVReader(input, dialect: .csv, limits: RecordLimits())
        let error = #expect(throws: FormatsError.self) {
            try reader.read(into: RecordBlock(), reject: { _ in })
        }
        #expect(error?.code == .badHeader)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
}

@Test func csvHeaderIsComparedByteForByte() throws {
    let reading = try readCSV(Array(text: "\u{e9},e\u{301}\n1,2\n"))
    #expect(reading.records.map { Array($0.utf8) } == [Array(text: "{\"\u{e9}\":1,\"e\u{301}\":2}")])
    #expect(try readCSV([0x61, 0xff, 0x0a]).error == "badHeader 0")
}

@Test func csvColumnNamesAreKnown() throws {
    let reader = try CSVReader(PieceSource(bytes: Array(text: "a,\"b \"\n"), piece: 5), name: "t")
    #expect(try !reader.read(into: RecordBlock(), reject: { _ in }))
    #expect(reader.columnNames == ["a", "b "])
}

@Test(arguments: [0x22, 0x0a, 0x0d, 0x41, 0x7a, 0x39, 0x2e, 0x2d, 0x2b, 0x00, 0x80, 0xff] as [UInt8])
func csvRefusesDelimiters(_ delimiter: UInt8) {
    #expect(throws: FormatsError.self) { try CSVDialect(delimiter: delimiter).validate() }
}

@Test func csvRefusesAmbiguousOptions() {
    #expect(throws: FormatsError.self) { try CSVDialect(nullMarker: "a,b").validate() }
    #expect(throws: FormatsError.self) { try CSVDialect(names: .declared([], skippingFirstRow: false)).validate() }
    #expect(throws: FormatsError.self) {
        try CSVDialect(names: .declared(["a", "a"], skippingFirstRow: false)).validate()
    }
    #expect(throws: Never.self) { try CSVDialect.tsv.validate() }
}

@Test func csvLimits() throws {
    let long = String(repeating: "x", count: 50)
    let text = Array(text: "a,b\n1,2\n\(long),3\n\"\(long)\n\",4\n5,6\nxx,\(long)\"\n7,\"\(long)\n")
    let limits = RecordLimits(record: 1000, field: 40)
    var seen: Set<[String]> = []
    for cut in cuts {
        let reading = try readCSV(text, limits: limits, cut: cut)
        #expect(reading.records == [#"{"a":1,"b":2}"#, #"{"a":5,"b":6}"#])
        #expect(reading.lines == [2, 6])
        #expect(reading.rejects.map(\.line) == [3, 4, 7, 8])
        #expect(reading.rejects.map(\.raw.count) == [52, 55, 54, 54 - 1])
        seen.insert(reading.rejects.map(\.reason))
    }
    #expect(seen == [Array(repeating: "a field is longer than 40 bytes", count: 4)])
    for cut in cuts {
        let reading = try readCSV(text, limits: RecordLimits(record: 30, field: 1000), cut: cut)
        #expect(reading.records == [#"{"a":1,"b":2}"#, #"{"a":5,"b":6}"#])
        #expect(reading.rejects.count == 4)
    }
}
