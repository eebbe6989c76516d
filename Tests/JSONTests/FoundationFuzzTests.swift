import Foundation
import JSON
import TestKit
import Testing

/// The scanner and the small-document parser against Foundation's parser, on documents from a seed and damaged ones.
///
/// Known differences, where Foundation is excused: it refuses nesting beyond 512 levels, numbers beyond a double's range
/// and half surrogate pairs (as `JSONValue` does); it takes a comma before a closing bracket, UTF-16 and UTF-32 (guessed
/// from NUL bytes) and a byte order mark. The generator makes none of the nesting.
@Suite struct FoundationFuzzTests {
    /// What the two parsers must agree on; numbers as doubles, members without order.
    ///
    /// Foundation's doubles (and its integers, by way of `Decimal`) may be some units in the last place off the nearest;
    /// that ours are exact is the business of `NumberTests`.
    indirect enum Tree: Equatable {
        case null
        case bool(Bool)
        case number(Double)
        case string([UInt8])
        case array([Tree])
        case object([[UInt8]: Tree])

        static func == (left: Tree, right: Tree) -> Bool {
            switch (left, right) {
            case (.null, .null): true
            case (.bool(let a), .bool(let b)): a == b
            case (.number(let a), .number(let b)): a == b || abs(a - b) <= 1e-14 * max(abs(a), abs(b))
            case (.string(let a), .string(let b)): a == b
            case (.array(let a), .array(let b)): a == b
            case (.object(let a), .object(let b)): a == b
            default: false
            }
        }
    }

    static func tree(_ any: Any) -> Tree? {
        switch any {
        case is NSNull: return .null
        case let number as NSNumber:
            return String(cString: number.objCType) == "c" ? .bool(number.boolValue) : .number(number.doubleValue)
        case let text as String: return .string(Array(text.utf8))
        case let array as [Any]: return .array(array.compactMap(tree))
        case let object as [String: Any]:
            return .object(
                Dictionary(
                    uniqueKeysWithValues: object.compactMap { key, value in
                        tree(value).map { (Array(key.utf8), $0) }
                    }))
        default: return nil
        }
    }

    static func tree(_ value: JSONValue) -> Tree {
        switch value {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .number(Double(value))
        case .number(let text): .number(Double(text) ?? .nan)
        case .string(let text): .string(Array(text.utf8))
        case .array(let elements): .array(elements.map(tree))
        case .object(let members):
            .object(
                Dictionary(members.map { (Array($0.key.utf8), tree($0.value)) }, uniquingKeysWith: { _, last in last }))
        }
    }

    /// The tree that the scanner gives: the record's fields, nested values by scanning them again.
    static func scannedTree(_ bytes: [UInt8]) throws -> Tree {
        var members: [[UInt8]: Tree] = [:]
        for member in try scanRecord(bytes).members {
            let value: Tree
            switch member.kind {
            case .null: value = .null
            case .true: value = .bool(true)
            case .false: value = .bool(false)
            case .integer, .number:
                value = .number(withPadded(Array(member.text.utf8)) { base, count in parseDouble(base, count) })
            case .string, .escapedString: value = .string(Array(member.text.utf8))
            case .array: value = tree(try JSONValue(parsing: member.text, duplicateKeys: .kept))
            case .object: value = try scannedTree(Array(member.text.utf8))
            }
            members[Array(member.key.utf8)] = value
        }
        return .object(members)
    }

    static func space(_ random: inout SeededRandom) -> String {
        random.below(4) == 0 ? [" ", "\n", "\t", "\r\n", "   "][random.below(5)] : ""
    }

    static func string(_ random: inout SeededRandom) -> String {
        let pieces = [
            "a", "key", "interface", "é", "温度", "\u{1F525}", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\uD83D\\uDE00",
            "\\u0000", " ", "{", "]", ":", ",", "12345678", "\u{7F}", "\\b\\f\\r\\t",
        ]
        return "\"" + (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] }.joined() + "\""
    }

    static func value(_ random: inout SeededRandom, _ depth: Int) -> String {
        switch random.below(depth > 4 ? 6 : 9) {
        case 0: return "null"
        case 1: return random.below(2) == 0 ? "true" : "false"
        case 2: return String(Int64(bitPattern: random.next()) >> Int64(random.below(64)))
        case 3: return ["0", "-0", "1.5", "-2.25e3", "1E-5", "0.1", "1e22", "3.0", "123456789.125"][random.below(9)]
        case 4, 5: return string(&random)
        case 6: return object(&random, depth + 1)
        default:
            var text = "["
            for index in 0..<random.below(4) {
                if index > 0 { text += "," }
                text += space(&random) + value(&random, depth + 1) + space(&random)
            }
            return text + space(&random) + "]"
        }
    }

    static func object(_ random: inout SeededRandom, _ depth: Int) -> String {
        var text = "{" + space(&random)
        for index in 0..<random.below(6) {
            if index > 0 { text += "," + space(&random) }
            // Numbered, so that no key occurs twice.
            text += string(&random).dropLast() + "\(index)\"" + space(&random) + ":" + space(&random)
            text += value(&random, depth) + space(&random)
        }
        return text + "}"
    }

    static func foundation(_ bytes: [UInt8]) -> Tree? {
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)).flatMap(tree)
    }

    @Test(arguments: 0..<4) func validDocumentsHaveEqualValues(_ part: Int) throws {
        var random = SeededRandom(UInt64(1000 + part))
        for _ in 0..<1500 {
            let bytes = Array(Self.object(&random, 0).utf8)
            let expected = try #require(Self.foundation(bytes))
            #expect(try Self.scannedTree(bytes) == expected, "\(String(decoding: bytes, as: UTF8.self))")
            #expect(Self.tree(try JSONValue(parsing: bytes)) == expected)
            // Written again, compact and pretty, and compacted in place.
            let value = try JSONValue(parsing: bytes)
            #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value)
            let compacted = withPadded(bytes) { base, count in
                Array(UnsafeBufferPointer(start: base, count: compact(base, count, to: base)))
            }
            #expect(try JSONValue(parsing: compacted) == value)
            #expect(!(try scanRecord(compacted).sawNewline))
        }
    }

    @Test(arguments: 0..<8) func damagedDocumentsAreJudgedAlike(_ part: Int) throws {
        var random = SeededRandom(UInt64(2000 + part))
        let letters = Array("{}[]\",:\\/0123456789eE+-.tfnu \n\t".utf8) + [0x00, 0x1F, 0x7F, 0x80, 0xC3, 0xE2, 0xFF]
        var counts = (accepted: 0, refused: 0)
        for _ in 0..<4000 {
            var bytes = Array(Self.object(&random, 2).utf8)
            for _ in 0...random.below(2) where !bytes.isEmpty {
                let place = random.below(bytes.count)
                switch random.below(4) {
                case 0: bytes[place] = letters[random.below(letters.count)]
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(letters[random.below(letters.count)], at: place)
                default: bytes.removeLast(random.below(min(4, bytes.count)))
                }
            }
            let expected = Self.foundation(bytes)
            let value = Result { () throws(JSONError) in try JSONValue(parsing: bytes, duplicateKeys: .kept) }
            let scan = scanError(bytes, padding: paddings[random.below(paddings.count)])
            switch value {
            case .success(let value):
                counts.accepted += 1
                #expect(scan == nil)
                guard let expected else {
                    if Self.hasHugeNumber(value) { continue }
                    Issue.record("only we accept \(String(decoding: bytes, as: UTF8.self))")
                    continue
                }
                #expect(Self.tree(value) == expected, "\(String(decoding: bytes, as: UTF8.self))")
            case .failure(let error):
                counts.refused += 1
                #expect(scan != nil || error.code == .loneSurrogate)
                // Foundation guesses other encodings from NUL bytes.
                if expected != nil && !bytes.contains(0) && !Self.isAfterComma(bytes, error.offset) {
                    Issue.record("only Foundation accepts \(String(decoding: bytes, as: UTF8.self)): \(error)")
                }
            }
        }
        #expect(counts.accepted > 300 && counts.refused > 300)
    }

    /// Whether a closing bracket stands there right behind a comma.
    static func isAfterComma(_ bytes: [UInt8], _ offset: Int) -> Bool {
        guard offset < bytes.count, bytes[offset] == 0x5D || bytes[offset] == 0x7D else { return false }
        return bytes[..<offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == 0x2C
    }

    static func hasHugeNumber(_ value: JSONValue) -> Bool {
        switch value {
        case .number: value.double?.isFinite != true || value.double == 0
        case .array(let elements): elements.contains(where: hasHugeNumber)
        case .object(let members): members.contains { hasHugeNumber($0.value) }
        case .null, .bool, .integer, .string: false
        }
    }
}
