import Databases
import Glibc
import TestKit
import Testing

@Suite struct LoadTextTests {
    /// The same, written the slow way.
    static func expected(_ rows: [[[UInt8]?]]) -> [UInt8] {
        rows.flatMap { row -> [UInt8] in
            let fields = row.map { field -> [UInt8] in
                guard let field else { return Array("\\N".utf8) }
                return field.flatMap { byte -> [UInt8] in
                    switch byte {
                    case 0x5C: Array("\\\\".utf8)
                    case 0x09: Array("\\t".utf8)
                    case 0x0A: Array("\\n".utf8)
                    case 0: Array("\\0".utf8)
                    default: [byte]
                    }
                }
            }
            return Array(fields.joined(separator: [0x09])) + [0x0A]
        }
    }

    static func text(_ rows: [[[UInt8]?]], capacity: Int = 64) -> [UInt8] {
        var text = LoadText(capacity: capacity)
        for row in rows {
            for field in row {
                if let field { append(field, to: &text) } else { text.null() }
            }
            text.endRow()
        }
        return text.withBytes { Array($0) }
    }

    static func append(_ field: [UInt8], to text: inout LoadText) {
        // The field ends where the memory ends, so that a sanitizer sees what reads on.
        let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: field.count)
        defer { copy.deallocate() }
        copy.initialize(from: field, count: field.count)
        text.field(copy, field.count)
    }

    @Test func everyByteAtEveryPlace() {
        for count in 0...20 {
            let clean = (0..<count).map { UInt8(0x61 + $0) }
            #expect(Self.text([[clean, clean]]) == Self.expected([[clean, clean]]))
            for place in 0..<count {
                for byte in UInt8.min ... .max {
                    var field = clean
                    field[place] = byte
                    let rows: [[[UInt8]?]] = [[field, nil, field.reversed()]]
                    if Self.text(rows) != Self.expected(rows) { Issue.record("\(field)") }
                }
            }
        }
    }

    @Test(arguments: [11 as UInt64, 12, 13]) func randomRows(seed: UInt64) {
        var random = Seeded(seed)
        for _ in 0..<200 {
            let rows = (0..<random.below(20)).map { _ in
                (0...random.below(5)).map { _ -> [UInt8]? in
                    if random.below(6) == 0 { return nil }
                    let special: [UInt8] = [0x5C, 0x09, 0x0A, 0, 1, 0x0B, 0x5B, 0x5D, 0xDC, 0x80]
                    return (0..<random.below(60)).map { _ in
                        random.below(2) == 0 ? special[random.below(special.count)] : UInt8(random.below(256))
                    }
                }
            }
            #expect(Self.text(rows) == Self.expected(rows), "seed \(seed)")
        }
    }

    /// A field that ends at the last byte of the memory that may be read, and begins at the first.
    @Test func nothingOutsideOfTheFieldIsRead() throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let memory = try #require(mmap(nil, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
        defer { munmap(memory, 3 * page) }
        try #require(mprotect(memory + page, page, PROT_READ | PROT_WRITE) == 0)
        memset(memory + page, 0x61, page)
        for count in 1...40 {
            for start in [memory + page, memory + 2 * page - count] {
                var text = LoadText()
                text.field(start.assumingMemoryBound(to: UInt8.self), count)
                text.endRow()
                #expect(text.count == count + 1)
            }
        }
    }

    @Test func isReadInPiecesWhileItGrows() {
        var text = LoadText(capacity: 64)
        var read: [UInt8] = []
        var rows: [[[UInt8]?]] = []
        var piece = [UInt8](repeating: 0, count: 7)
        for row in 0..<2000 {
            let fields: [[UInt8]?] = [Array("\(row)".utf8), row % 3 == 0 ? nil : Array("a\tb".utf8)]
            rows.append(fields)
            for field in fields {
                if let field { Self.append(field, to: &text) } else { text.null() }
            }
            // A row in the making is not given out.
            if row % 5 == 0 {
                let before = text.count
                Self.append(Array("gone".utf8), to: &text)
                #expect(text.count == before)
                text.discardRow()
                rows.removeLast()
                continue
            }
            text.endRow()
            let count = piece.withUnsafeMutableBytes { text.read(into: $0) }
            read += piece.prefix(count)
        }
        while true {
            let count = piece.withUnsafeMutableBytes { text.read(into: $0) }
            if count == 0 { break }
            read += piece.prefix(count)
        }
        #expect(read == Self.expected(rows))
        #expect(text.count == 0)
        text.reset()
        #expect(text.count == 0)
    }
}
