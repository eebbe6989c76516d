import Databases
import TestKit
import Testing

@Suite struct CopyTextTests {
    private func line(_ fields: [[UInt8]?]) throws -> [UInt8] {
        let writer = CopyTextWriter(capacity: 0)
        for field in fields {
            guard let field else {
                writer.appendNull()
                continue
            }
            try field.withUnsafeBytes { try writer.append($0) }
        }
        writer.endRow()
        return Array(writer.bytes)
    }

    private func line(_ fields: [String?]) throws -> String {
        String(decoding: try line(fields.map { $0.map { Array($0.utf8) } }), as: UTF8.self)
    }

    private func texts(_ line: String) -> [String?] {
        CopyTextReader().texts(Array(line.utf8)).map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    @Test func fieldsAreEscapedAsTheManualSays() throws {
        #expect(try line(["a", nil, "", "b"]) == "a\t\\N\t\tb\n")
        #expect(try line(["tab\t, line\n, return\r, slash\\"]) == "tab\\t, line\\n, return\\r, slash\\\\\n")
        #expect(try line(["\\N", "\\."]) == "\\\\N\t\\\\.\n")
        #expect(try line(["\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}\u{7F}"]) == "\u{1}\u{8}\u{B}\u{C}\u{E}\u{1F}\u{7F}\n")
        #expect(try line([String?]()) == "\n")
    }

    @Test(arguments: 0..<20) func eachPlaceOfASpecialByteIsFound(_ place: Int) throws {
        for (byte, escaped) in [(UInt8(9), "\\t"), (10, "\\n"), (13, "\\r"), (92, "\\\\")] {
            var text = Array("abcdefghijklmnopqrst".utf8)
            text[place] = byte
            let expected =
                String(decoding: text[..<place], as: UTF8.self) + escaped
                + String(decoding: text[(place + 1)...], as: UTF8.self) + "\n"
            #expect(String(decoding: try line([text]), as: UTF8.self) == expected)
        }
    }

    @Test(arguments: 0..<20) func nulIsRefusedAndNothingAppended(_ place: Int) throws {
        let writer = CopyTextWriter()
        var text = Array("abcdefghijklmnopqrst".utf8)
        text[place] = 0
        let error = try failure { try text.withUnsafeBytes { try writer.append($0) } }
        #expect(error.kind == .data)
        #expect(error.sqlState == "22021")
        #expect(writer.count == 0)
    }

    @Test func aRowCanBeTakenBack() throws {
        let writer = CopyTextWriter()
        writer.appendPlain(UnsafeRawBufferPointer(start: nil, count: 0))
        writer.endRow()
        let mark = writer.count
        writer.appendNull()
        writer.truncate(to: mark)
        #expect(Array(writer.bytes) == [10])
        writer.removeAll()
        #expect(writer.bytes.isEmpty)
    }

    @Test func linesAreReadAsTheServerReadsThem() {
        #expect(texts("a\tb\n") == ["a", "b"])
        #expect(texts("") == [""])
        #expect(texts("\t\t") == ["", "", ""])
        #expect(texts("\\N\t\\N\n") == [nil, nil])
        #expect(texts("\\Nx\tx\\N\t\\\\N") == ["Nx", "xN", "\\N"])
        #expect(texts("\\b\\f\\n\\r\\t\\v\\\\") == ["\u{8}\u{C}\n\r\t\u{B}\\"])
        #expect(texts("\\101\\7x\\1018\\x41\\x4\\x4g\\xg") == ["A\u{7}xA8A\u{4}\u{4}gxg"])
        #expect(texts("\\\tz") == ["\tz"])
        #expect(texts("ends\\") == ["ends"])
        #expect(
            texts("abcdefgh\\\\ijklmnopqrstuvw\\\\xyz\tnext and longer\t\\N\tlast")
                == ["abcdefgh\\ijklmnopqrstuvw\\xyz", "next and longer", nil, "last"])
    }

    @Test(arguments: [1, 64, 65, 1600]) func anyNumberOfFieldsIsRead(_ count: Int) throws {
        let fields = (0..<count).map { $0 % 3 == 0 ? nil : Array("\($0)".utf8) }
        #expect(CopyTextReader().texts(try line(fields)) == fields)
    }

    @Test(arguments: UInt64(1)...20) func whatIsWrittenIsReadAgain(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let reader = CopyTextReader()
        let special: [UInt8] = [9, 10, 13, 92, 92, 78, 46, 8, 11, 12, 48, 120, 0xC3, 0xA4, 0x8A, 0xDC, 1]
        for _ in 0..<500 {
            let isHostile = random.below(2) == 0
            let fields = (0..<1 + random.below(9)).map { _ -> [UInt8]? in
                if random.below(6) == 0 { return nil }
                return (0..<random.below(40)).map { _ in
                    isHostile || random.below(12) == 0
                        ? special[random.below(special.count)] : UInt8(1 + random.below(255))
                }
            }
            let line = try line(fields)
            #expect(line.count(where: { $0 == 10 }) == 1)
            #expect(reader.texts(line) == fields)
            #expect(reader.texts(Array(line.dropLast())) == fields)
        }
    }

    /// Any bytes at all: nothing is read outside and no field is longer than the line.
    @Test(arguments: UInt64(1)...10) func anyBytesAreRead(_ seed: UInt64) {
        var random = SeededRandom(seed)
        let reader = CopyTextReader()
        for _ in 0..<1000 {
            let bytes = (0..<random.below(30)).map { _ in
                random.below(3) == 0 ? 92 : UInt8(truncatingIfNeeded: random.next())
            }
            let total = reader.texts(bytes).reduce(0) { $0 + ($1?.count ?? 0) }
            #expect(total <= bytes.count)
        }
    }
}
