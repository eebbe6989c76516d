internal import Glibc
package import JSON
package import Manifest

/// The columns of a run as its records show them: names in the order of their first appearance, types widened as data comes.
///
/// A value type of flat arrays, so that a page that turns out to be cut can be forgotten again.
package struct SchemaInference: Sendable {
    /// One bit for each sort of value that was seen.
    private struct Kinds {
        static let null: UInt16 = 1
        static let boolean: UInt16 = 2
        static let integer: UInt16 = 4
        static let bigint: UInt16 = 8
        static let huge: UInt16 = 16
        static let number: UInt16 = 32
        static let text: UInt16 = 64
        static let nested: UInt16 = 128
    }

    /// All names in one run of bytes: comparing them counts no references.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var kinds: [UInt16] = []
    private var declared: [LogicalType?] = []
    private let declarations: [String: LogicalType]

    /// The most columns a record may bring; more is a source that uses values as keys.
    package static let limit = 1_000

    /// No columns yet; those in `declarations` keep their declared type.
    package init(declarations: [String: LogicalType]) {
        self.declarations = declarations
    }

    /// Goes on from the schema of earlier chunks.
    package mutating func adopt(_ columns: [Column]) {
        for column in columns {
            bytes += Array(column.name.utf8)
            ends.append(bytes.count)
            declared.append(declarations[column.name])
            let seen =
                switch column.type {
                case .null: Kinds.null
                case .boolean: Kinds.boolean
                case .integer: Kinds.integer
                case .bigint: Kinds.bigint
                case .double: Kinds.number
                case .json: Kinds.nested
                case .text, .decimal, .date, .timestamp: Kinds.text
                }
            kinds.append(seen)
        }
    }

    /// The columns so far.
    package var columns: [Column] {
        ends.indices.map { index in
            Column(
                name: String(decoding: bytes[start(index)..<ends[index]], as: UTF8.self),
                type: declared[index] ?? SchemaInference.type(kinds[index]))
        }
    }

    private static func type(_ kinds: UInt16) -> LogicalType {
        var type = LogicalType.null
        for (bit, seen) in [
            (Kinds.boolean, LogicalType.boolean), (Kinds.integer, .integer), (Kinds.bigint, .bigint),
            (Kinds.huge, .text), (Kinds.number, .double), (Kinds.text, .text), (Kinds.nested, .json),
        ] where kinds & bit != 0 {
            type = type.widened(with: seen)
        }
        return type
    }

    /// Looks at one record.
    ///
    /// - Returns: `false` when it brings more columns than ``limit``; it is then not noted.
    package mutating func observe(_ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>) -> Bool {
        var expected = 0
        for index in 0..<scanner.fieldCount {
            let field = scanner[index]
            var column = expected
            if column >= ends.count || field.keyEscaped || !matches(column, base, field) {
                guard let found = find(base, field) else { return false }
                column = found
            }
            expected = column &+ 1
            let kind = SchemaInference.kind(field, base)
            if kinds[column] & kind == 0 { kinds[column] |= kind }
        }
        return true
    }

    @inline(__always)
    private func matches(_ column: Int, _ base: UnsafePointer<UInt8>, _ field: Field) -> Bool {
        let first = start(column)
        guard ends[column] &- first == Int(field.keyLength) else { return false }
        return bytes.withUnsafeBufferPointer { all in
            guard let all = all.baseAddress else { return field.keyLength == 0 }
            return memcmp(all + first, base + Int(field.keyStart), Int(field.keyLength)) == 0
        }
    }

    @inline(__always)
    private func start(_ column: Int) -> Int { column == 0 ? 0 : ends[column &- 1] }

    private mutating func find(_ base: UnsafePointer<UInt8>, _ field: Field) -> Int? {
        var key = Array(UnsafeBufferPointer(start: base + Int(field.keyStart), count: Int(field.keyLength)))
        if field.keyEscaped {
            let count = key.withUnsafeMutableBufferPointer { buffer -> Int? in
                guard let start = buffer.baseAddress else { return 0 }
                return try? unescape(start, buffer.count)
            }
            // A key that is no text is refused with its row by the loader.
            guard let count else { return ends.isEmpty ? nil : 0 }
            key.removeLast(key.count - count)
        }
        if let known = ends.indices.first(where: { bytes[start($0)..<ends[$0]].elementsEqual(key) }) { return known }
        guard ends.count < SchemaInference.limit else { return nil }
        bytes += key
        ends.append(bytes.count)
        kinds.append(0)
        declared.append(declarations[String(decoding: key, as: UTF8.self)])
        return ends.count - 1
    }

    @inline(__always)
    private static func kind(_ field: Field, _ base: UnsafePointer<UInt8>) -> UInt16 {
        switch field.kind {
        case .null: return Kinds.null
        case .true, .false: return Kinds.boolean
        case .integer:
            // 15 digits are below 2^53 whatever they are.
            if field.valueLength <= 15 { return Kinds.integer }
            guard let value = parseInteger(base + Int(field.valueStart), Int(field.valueLength)) else {
                return Kinds.huge
            }
            return value.magnitude <= 9_007_199_254_740_992 ? Kinds.integer : Kinds.bigint
        case .number: return Kinds.number
        case .string, .escapedString: return Kinds.text
        case .object, .array: return Kinds.nested
        }
    }
}
