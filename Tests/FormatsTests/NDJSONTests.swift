import Testing

@testable import Formats

@Test(
    arguments: [
        ("{\"a\":1}\n{\"b\":2}\n", ["{\"a\":1}", "{\"b\":2}"], [1, 2]),
        ("{\"a\":1}\r\n\r\n \t\n\n{\"b\":2}", ["{\"a\":1}", "{\"b\":2}"], [1, 5]),
        ("\u{feff}{ \"a\" : 1 } \n", ["{ \"a\" : 1 } "], [1]),
        ("\u{feff}", [], []), ("", [], []), ("\n\n\r\n", [], []),
        ("not json\r\n[1]\rx\n", ["not json", "[1]\rx"], [1, 2]),
        ("x\r", ["x"], [1]),
    ] as [(String, [String], [UInt64])])
func ndjsonCase(_ text: String, _ records: [String], _ lines: [UInt64]) {
    for cut in cuts {
        let reading = readNDJSON(Array(text: text), cut: cut)
        #expect(reading.records == records)
        #expect(reading.lines == lines)
        #expect(reading.rejects.isEmpty && reading.error == nil)
    }
}

@Test func ndjsonLongLinesAreRejectedUnheld() {
    let long = String(repeating: "x", count: 31)
    let text = Array(text: "{}\n\(long)\n\(long)\r\n\(long.dropLast())\r\n\(long.dropLast())\n\(long)")
    for cut in cuts {
        let reading = readNDJSON(text, limits: RecordLimits(record: 30), cut: cut)
        #expect(reading.records == ["{}", String(long.dropLast()), String(long.dropLast())])
        #expect(reading.lines == [1, 4, 5])
        #expect(reading.rejects.map(\.line) == [2, 3, 6])
        #expect(reading.rejects.map(\.ordinal) == [1, 2, 5])
        #expect(reading.rejects.allSatisfy { $0.raw == Array(text: long) && !$0.isCut })
        #expect(reading.rejects.first?.reason == "the line is longer than 30 bytes")
    }
}

@Test func ndjsonRejectsAreCut() {
    let text = [UInt8](repeating: 0x78, count: 200_000)
    let reading = readNDJSON(text + [0x0a], limits: RecordLimits(record: 100_000))
    #expect(reading.rejects.count == 1)
    #expect(reading.rejects.first?.raw.count == 64 << 10)
    #expect(reading.rejects.first?.isCut == true)
}

@Test func blocksStayNearTheirTarget() throws {
    let line = Array(text: "{\"v\":\"\(String(repeating: "x", count: 90))\"}\n")
    let source = MadeSource(head: [], unit: line, total: line.count * 50_000, tail: [])
    let reader = NDJSONReader(source, name: "t")
    let block = RecordBlock()
    var records = 0
    while try reader.read(into: block, reject: { _ in }) {
        #expect(block.bytes.count < (1 << 20) + line.count)
        records += block.records.count
    }
    #expect(records == 50_000)
}

@Test func sourceFailuresComeBehindTheGoodRecords() throws {
    let source = BrokenSource(inner: PieceSource(bytes: Array(text: "{}\n{}\n{\"cut"), piece: 3))
    let reading = Reading(NDJSONReader(source, name: "t"))
    #expect(reading.records == ["{}", "{}"])
    #expect(reading.error == "Failure()")
}

@Test func whatTheRejectCallbackThrowsEndsTheReading() throws {
    struct Enough: Error {}
    let reader = try CSVReader(PieceSource(bytes: Array(text: "a,b\n1,2\nbad\n3,4\n"), piece: 100), name: "t")
    let block = RecordBlock()
    #expect(try reader.read(into: block, reject: { _ in throw Enough() }))
    #expect(block.records.count == 1)
    #expect(throws: Enough.self) { try reader.read(into: block, reject: { _ in }) }
}

@Test(arguments: [[0xff, 0xfe, 0x7b, 0x00], [0xfe, 0xff, 0x00, 0x7b], [0x00, 0x00, 0xfe, 0xff]] as [[UInt8]])
func otherEncodingsAreRefused(_ head: [UInt8]) throws {
    for cut in cuts {
        let text = head + Array(repeating: 0x41, count: 40)
        #expect(readNDJSON(text, cut: cut).error == "unsupportedEncoding 0")
        #expect(readJSON(text, cut: cut).error == "unsupportedEncoding 0")
        #expect(try readCSV(text, cut: cut).error == "unsupportedEncoding 0")
    }
}
