internal import Glibc
package import JSON
package import Manifest

/// The columns of a run as its records show them: names in the order of their first appearance, types widened as data comes.
///
/// A value type of flat arrays, so that a page that turns out to be cut can be forgotten again.
package struct SchemaInference: Sendable {
    /// One bit for each sort of value that was seen.
    struct Kinds {
        static let null: UInt16 = 1
        static let boolean: UInt16 = 2
        static let integer: UInt16 = 4
        static let bigint: UInt16 = 8
        static let huge: UInt16 = 16
        static let number: UInt16 = 32
        static let text: UInt16 = 64
        static let nested: UInt16 = 128

        /// Of an integer of 64 bits.
        @inline(__always)
        static func of(_ value: Int64) -> UInt16 {
            value.magnitude <= 9_007_199_254_740_992 ? integer : bigint
        }
    }

    /// All names in one run of bytes: comparing them counts no references.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var kinds: [UInt16] = []
    private var declared: [LogicalType?] = []
    /// By the bytes of the name.
    private var declarations: [[UInt8]: LogicalType]

    /// The most columns a record may bring; more is a source that uses values as keys.
    package static let limit = 1_000

    /// No columns yet; those in `declarations` keep their declared type.
    package init(declarations: [String: LogicalType]) {
        self.declarations = Dictionary(declarations.map { ($0.key.bytes, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Goes on from the schema of earlier chunks.
    package mutating func adopt(_ columns: [Column]) {
        for column in columns {
            bytes += column.name.bytes
            ends.append(bytes.count)
            declared.append(declarations[column.name.bytes] ?? (column.type.isOnlyDeclared ? column.type : nil))
            kinds.append(SchemaInference.seen(column.type))
        }
    }

    /// Columns that the source says it has.
    ///
    /// - Parameter isFixed: whether all of them keep their types; otherwise only those that no values show.
    package mutating func expect(_ columns: [Column], isFixed: Bool) {
        for column in columns {
            let index: Int
            if let known = ends.indices.first(where: { bytes[start($0)..<ends[$0]].elementsEqual(column.name.utf8) }) {
                index = known
            } else {
                bytes += column.name.bytes
                ends.append(bytes.count)
                kinds.append(0)
                declared.append(declarations[column.name.bytes])
                index = ends.count - 1
            }
            if isFixed || column.type.isOnlyDeclared {
                let before = declared[index] ?? SchemaInference.type(kinds[index])
                declared[index] = before.widened(with: column.type)
            } else {
                kinds[index] |= SchemaInference.seen(column.type)
            }
        }
    }

    /// A column that records may bring, of the type that it has then unless it is declared otherwise.
    package mutating func declare(_ column: Column) {
        if declarations[column.name.bytes] == nil { declarations[column.name.bytes] = column.type }
    }

    /// The sort of values that a column of some type was inferred from.
    private static func seen(_ type: LogicalType) -> UInt16 {
        switch type {
        case .null: Kinds.null
        case .boolean: Kinds.boolean
        case .integer: Kinds.integer
        case .bigint: Kinds.bigint
        case .double: Kinds.number
        case .json: Kinds.nested
        case .text, .decimal, .date, .time, .datetime, .timestamp, .uuid, .bytes: Kinds.text
        }
    }

    /// The columns so far.
    package var columns: [Column] {
        ends.indices.map { index in
            Column(name: name(index), type: declared[index] ?? SchemaInference.type(kinds[index]))
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

    /// Notes which sorts of values came in a column that is expected.
    mutating func observe(_ column: String, _ seen: UInt16) {
        guard let index = ends.indices.first(where: { bytes[start($0)..<ends[$0]].elementsEqual(column.utf8) }) else {
            return
        }
        kinds[index] |= seen
    }

    /// Looks at one record.
    ///
    /// - Returns: `false` when it brings more columns than ``limit``.
    /// - Throws: why the loader would refuse the record; like one with too many columns it leaves no trace.
    package mutating func observe(
        _ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>, _ notes: inout RecordNotes
    ) throws(RecordFault) -> Bool {
        notes.begin(columns: max(ends.count, SchemaInference.limit))
        let known = ends.count
        do throws(RecordFault) {
            if try note(scanner, base, &notes) { return true }
            forget(to: known, notes)
            return false
        } catch {
            forget(to: known, notes)
            throw error
        }
    }

    private mutating func note(
        _ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>, _ notes: inout RecordNotes
    ) throws(RecordFault) -> Bool {
        let fields = scanner.fields
        let stamps = notes.stamps
        let record = notes.record
        var expected = 0
        for field in fields {
            var column = expected
            if column >= ends.count || field.keyEscaped || !matches(column, base, field) {
                guard let found = try find(base, field, from: expected) else { return false }
                column = found
            }
            expected = column &+ 1
            if stamps[column] == record {
                throw RecordFault(reason: "the key stands twice in the record", column: name(column))
            }
            stamps[column] = record
            // A column of JSON texts keeps its strings as they came.
            if field.kind == .escapedString, declared[column] != .json,
                loneSurrogate(base + Int(field.valueStart), Int(field.valueLength)) != nil
            {
                throw RecordFault(reason: "half of a surrogate pair in the value", column: name(column))
            }
            let kind = SchemaInference.kind(field, base)
            if kinds[column] & kind == 0 {
                notes.changes.append((column, kinds[column]))
                kinds[column] |= kind
            }
        }
        return true
    }

    /// Takes back what the record in hand brought.
    private mutating func forget(to known: Int, _ notes: borrowing RecordNotes) {
        for index in notes.changes.indices.reversed() {
            kinds[notes.changes[index].column] = notes.changes[index].kinds
        }
        bytes.removeLast(bytes.count - (known == 0 ? 0 : ends[known - 1]))
        ends.removeLast(ends.count - known)
        kinds.removeLast(kinds.count - known)
        declared.removeLast(declared.count - known)
    }

    private func name(_ column: Int) -> String {
        String(decoding: bytes[start(column)..<ends[column]], as: UTF8.self)
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

    /// The column of a field, made if it is a new one; nil when there are too many.
    private mutating func find(
        _ base: UnsafePointer<UInt8>, _ field: Field, from expected: Int
    ) throws(RecordFault) -> Int? {
        let range = field.keyRange
        if field.keyEscaped {
            let key = try unescaped(Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)))
            return ends.indices.first { bytes[start($0)..<ends[$0]].elementsEqual(key) } ?? add(key)
        }
        for step in 0..<ends.count {
            let column = (expected &+ step) % ends.count
            if matches(column, base, field) { return column }
        }
        return add(Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)))
    }

    private func unescaped(_ key: [UInt8]) throws(RecordFault) -> [UInt8] {
        var key = key
        let count = key.withUnsafeMutableBufferPointer { buffer -> Int? in
            guard let start = buffer.baseAddress else { return 0 }
            return try? unescape(start, buffer.count)
        }
        guard let count else { throw RecordFault(reason: "half of a surrogate pair in a key") }
        key.removeLast(key.count - count)
        if key.contains(0) { throw RecordFault(reason: "a key holds U+0000, which no column's name can") }
        return key
    }

    private mutating func add(_ key: [UInt8]) -> Int? {
        guard ends.count < SchemaInference.limit else { return nil }
        bytes += key
        ends.append(bytes.count)
        kinds.append(0)
        declared.append(declarations[key])
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
            return Kinds.of(value)
        case .number: return Kinds.number
        case .string, .escapedString: return Kinds.text
        case .object, .array: return Kinds.nested
        }
    }
}
