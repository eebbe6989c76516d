import Testing

@testable import Formats

private let megabyte = 1 << 20

/// Reads all; returns the records, rejects and the largest buffers seen.
private func watch(_ input: TextInput, _ reader: any RecordReader) throws -> (
    records: Int, rejects: [RejectedRecord], peak: Int
) {
    let block = RecordBlock()
    var records = 0
    var rejects: [RejectedRecord] = []
    var peak = 0
    while try reader.read(into: block, reject: { rejects.append($0) }) {
        records += block.records.count
        peak = max(peak, block.capacity + input.capacity)
    }
    return (records, rejects, max(peak, block.capacity + input.capacity))
}

@Test func memoryIsFlatForNormalRecords() throws {
    let unit = Array(text: "12345,\"some text\",,x\n")
    let source = MadeSource(head: Array(text: "a,b,c,d\n"), unit: unit, total: 8 + unit.count * 200_000, tail: [])
    let input = TextInput(source, name: "t")
    let result = try watch(input, try CSVReader(input, dialect: .csv, limits: RecordLimits()))
    #expect(result.records == 200_000)
    #expect(result.peak < 2 * megabyte)
}

@Test func anEndlessQuotedFieldIsNotHeld() throws {
    let source = MadeSource(
        head: Array(text: "a,b\n1,2\n3,\""),
        unit: Array(text: String(repeating: "line of text, and more\n", count: 200)), total: 10 * megabyte, tail: [])
    let input = TextInput(source, name: "t")
    let limits = RecordLimits(record: 4 * megabyte, field: megabyte)
    let result = try watch(input, try CSVReader(input, dialect: .csv, limits: limits))
    #expect(result.records == 1)
    #expect(result.rejects.count == 1)
    #expect(result.rejects.first?.line == 3)
    #expect(result.rejects.first?.raw.count == RejectedRecord.rawLimit)
    #expect(result.rejects.first?.reason == "a field is longer than \(megabyte) bytes")
    #expect(result.peak < 6 * megabyte)
}

@Test func anEndlessLineIsNotHeld() throws {
    let source = MadeSource(
        head: Array(text: "{}\n"), unit: Array(repeating: 0x78, count: 5000), total: 10 * megabyte,
        tail: Array(text: "\n{}\n"))
    let input = TextInput(source, name: "t")
    let result = try watch(input, NDJSONReader(input, limits: RecordLimits(record: megabyte)))
    #expect(result.records == 2)
    #expect(result.rejects.map(\.line) == [2])
    #expect(result.peak < 6 * megabyte)
}

@Test(arguments: ["{\"a\":\"", "{\"a\":[1,", "\""])
func anEndlessElementIsNotHeld(_ opening: String) throws {
    let source = MadeSource(
        head: Array(text: "[{},\(opening)"), unit: Array(text: String(repeating: "1,", count: 3000)),
        total: 10 * megabyte, tail: [])
    let input = TextInput(source, name: "t")
    let reader = JSONArrayReader(input, records: .root, limits: RecordLimits(record: megabyte))
    let block = RecordBlock()
    #expect(try reader.read(into: block, reject: { _ in }))
    #expect(block.records.count == 1)
    let error = #expect(throws: FormatsError.self) { try reader.read(into: block, reject: { _ in }) }
    #expect(error?.byteOffset == UInt64(10 * megabyte))
    #expect(block.capacity + input.capacity < 6 * megabyte)
}

@Test func buffersShrinkBehindAHugeRecord() throws {
    let huge = String(repeating: "y", count: 5 * megabyte)
    let source = MadeSource(
        head: Array(text: "a,b\n1,\"\(huge)\"\n"), unit: Array(text: "12,\(String(repeating: "z", count: 500))\n"),
        total: 20 * megabyte, tail: [])
    let input = TextInput(source, name: "t")
    let reader = try CSVReader(input, dialect: .csv, limits: RecordLimits())
    let block = RecordBlock()
    #expect(try reader.read(into: block, reject: { _ in }))
    #expect(block.records.count == 1 && block.bytes.count > 5 * megabyte)
    while try reader.read(into: block, reject: { _ in }) {}
    #expect(block.capacity + input.capacity < 4 * megabyte)
}
