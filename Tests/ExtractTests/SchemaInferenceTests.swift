import Extract
import JSON
import Manifest
import Testing

/// What records make of a run's columns, and which of them are refused without a trace.
@Suite struct SchemaInferenceTests {
    private struct Outcome: Equatable {
        var columns: [String] = []
        var faults: [RecordFault] = []
        var tooMany = 0
    }

    /// Observes the records one after the other.
    private func observe(_ records: [String], _ declared: [String: LogicalType] = [:]) throws -> Outcome {
        var schema = SchemaInference(declarations: declared)
        var notes = RecordNotes()
        var scanner = RecordScanner()
        var outcome = Outcome()
        for record in records {
            let bytes = Array(record.utf8) + Array(repeating: 0, count: 16)
            try bytes.withUnsafeBufferPointer { buffer in
                let base = try #require(buffer.baseAddress)
                _ = try scanner.scanObject(base, from: 0, to: bytes.count - 16)
                do throws(RecordFault) {
                    if try !schema.observe(scanner, base, &notes) { outcome.tooMany += 1 }
                } catch { outcome.faults.append(error) }
            }
        }
        outcome.columns = schema.columns.map { "\($0.name) \($0.type.rawValue)" }
        return outcome
    }

    private let twice = "the key stands twice in the record"
    private let half = "half of a surrogate pair in the value"

    @Test func columnsKeepTheirOrderAndWiden() throws {
        let outcome = try observe([
            #"{"a":1,"b":null}"#, #"{"b":true,"a":2.5}"#, #"{"c":[],"\u0061":3}"#, #"{"b":null,"d":"x"}"#, "{}",
        ])
        #expect(outcome == Outcome(columns: ["a double", "b boolean", "c json", "d text"]))
    }

    @Test(arguments: [
        #"{"a":"x","new":1,"a":2}"#, #"{"a":"x","\u0061":2}"#, #"{"new":1,"b":"x","new":2}"#,
        #"{"b":0.5,"a":"x","b":1}"#,
    ])
    func aKeyTwiceLeavesNoTrace(_ record: String) throws {
        let good = [#"{"a":1,"b":2}"#, #"{"b":3}"#]
        let expected = try observe(good)
        for place in 1...2 {
            var records = good
            records.insert(record, at: place)
            let outcome = try observe(records)
            #expect(outcome.columns == expected.columns)
            #expect(outcome.faults.map(\.reason) == [twice])
        }
        #expect(try observe([record]).columns == [])
    }

    @Test(arguments: [
        (#"{"new":1,"a":"\ud83d"}"#, RecordFault(reason: "half of a surrogate pair in the value", column: "a")),
        (#"{"a":"x\n\udc00y"}"#, RecordFault(reason: "half of a surrogate pair in the value", column: "a")),
        (#"{"a":"x","\ud800":1}"#, RecordFault(reason: "half of a surrogate pair in a key")),
        (#"{"new":"x","a\u0000b":1}"#, RecordFault(reason: "a key holds U+0000, which no column's name can")),
        (#"{"\u0000":1}"#, RecordFault(reason: "a key holds U+0000, which no column's name can")),
    ])
    func whatNoColumnCanHoldLeavesNoTrace(_ record: String, _ fault: RecordFault) throws {
        let outcome = try observe([#"{"a":1}"#, record, #"{"a":2,"ab":3}"#])
        #expect(outcome == Outcome(columns: ["a integer", "ab integer"], faults: [fault]))
    }

    @Test func whatIsWholeOrStaysRawIsTaken() throws {
        let outcome = try observe(
            [#"{"a":"\ud83d\ude00","b":{"x":"\ud800","x":1},"c":"\ud800","d":"\u0000"}"#], ["c": .json])
        #expect(outcome == Outcome(columns: ["a text", "b json", "c json", "d text"]))
    }

    @Test func spellingsOfOneLetterAreTwoColumns() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let outcome = try observe(["{\"\(composed)\":1,\"\(decomposed)\":\"x\"}"], [decomposed: .date])
        #expect(outcome.faults.isEmpty)
        #expect(outcome.columns.count == 2)
        #expect(outcome.columns[0].utf8.elementsEqual("\(composed) integer".utf8))
        #expect(outcome.columns[1].utf8.elementsEqual("\(decomposed) date".utf8))
    }

    @Test func keysAsValuesAreNoticed() throws {
        let keys = (0...SchemaInference.limit).map { "\"k\($0)\":1" }
        let outcome = try observe(["{\(keys.dropLast().joined(separator: ","))}", "{\(keys.joined(separator: ","))}"])
        #expect(outcome.tooMany == 1)
        #expect(outcome.columns.count == SchemaInference.limit)
    }
}
