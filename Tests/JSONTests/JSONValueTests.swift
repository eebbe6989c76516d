import JSON
import Testing

@Suite struct JSONValueTests {
    @Test func parsesAndReads() throws {
        let value = try JSONValue(
            parsing: #" {"s":"a\n\u00e9","i":-5,"big":12345678901234567890,"d":1.50,"t":true,"z":null,"a":[1,[],{}]} "#)
        #expect(value["s"]?.text == "a\né")
        #expect(value["i"]?.int64 == -5)
        #expect(value["i"]?.double == -5)
        #expect(value["big"] == .number("12345678901234567890"))
        #expect(value["big"]?.int64 == nil)
        #expect(value["d"]?.double == 1.5)
        #expect(value["t"]?.boolean == true)
        #expect(value["z"]?.isNull == true)
        #expect(value["a"]?[0]?.int64 == 1)
        #expect(value["a"]?[1]?.elements == [])
        #expect(value["a"]?[2]?.members == [])
        #expect(value["a"]?[3] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["none"] == nil)
        #expect(value["s"]?["x"] == nil)
        #expect(
            value.serializedText()
                == #"{"s":"a\né","i":-5,"big":12345678901234567890,"d":1.50,"t":true,"z":null,"a":[1,[],{}]}"#)
    }

    @Test func writesPretty() throws {
        let value: JSONValue = ["a": [1, "x", nil, true, [:], []], "b": ["c": ["d": 0]]]
        let text = """
            {
              "a": [
                1,
                "x",
                null,
                true,
                {},
                []
              ],
              "b": {
                "c": {
                  "d": 0
                }
              }
            }
            """
        #expect(value.serializedText(pretty: true) == text)
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test func refusesDuplicateKeys() throws {
        let text = #"{"a":1,"\u0061":2}"#
        #expect(throws: JSONError(.duplicateKey("a"), at: 7)) { try JSONValue(parsing: text) }
        #expect(try JSONValue(parsing: text, duplicateKeys: .kept)["a"]?.int64 == 1)
        _ = try JSONValue(parsing: #"{"a":{"a":1},"b":{"a":1}}"#)
    }

    @Test func limitsNesting() throws {
        let limit = JSONValue.maximumDepth
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        let value = try JSONValue(parsing: deepest)
        #expect(value.serializedText() == deepest)
        #expect(throws: JSONError(.tooDeep(limit: limit), at: limit)) { try JSONValue(parsing: "[" + deepest + "]") }
        #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "{\"a\":", count: 1_000_000)) }
    }

    @Test(arguments: [("nope", "\"nope\""), ("", "\"\""), ("1 ", "\"1 \""), ("1.5e3", "1.5e3"), ("-0", "-0")])
    func writesOnlyNumbersAsNumbers(_ text: String, _ expected: String) {
        #expect(JSONValue.number(text).serializedText() == expected)
    }

    @Test(arguments: [0.1, -0.0, 1e-7, 1e300, Double.leastNonzeroMagnitude, 123_456_789.125, .infinity, .nan])
    func writesDoubles(_ number: Double) throws {
        let again = try JSONValue(parsing: JSONValue.double(number).serialized())
        #expect(again.isNull == !number.isFinite)
        if number.isFinite { #expect(again.double?.bitPattern == number.bitPattern) }
    }
}
