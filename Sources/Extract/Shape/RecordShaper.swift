internal import Chunk
internal import Configuration
internal import JSON

/// Makes of each record of a source what its stream's `shape` asks for. Used by one thread.
///
/// The shaped record is written into a buffer of the shaper's own and scanned again; values are copied as the bytes they are.
/// Nothing is allocated for a record, but by the hash of a value.
final class RecordShaper {
    /// Reads the members of nested objects of one depth.
    private final class Level {
        @exclusivity(unchecked) var scanner = RecordScanner()
    }

    /// The shaped record.
    let record = RawBuffer()
    /// Its members.
    @exclusivity(unchecked) private(set) var scanner = RecordScanner()

    private let shape: RecordShape
    private let columns: ShapedColumns
    private let hash: ValueHash
    private let levels: [Level]
    /// The added columns, as they stand in every record.
    private let tail: [UInt8]
    /// The names of the objects that the value in hand lies in, and of the value itself where it must be put together.
    private let path = RawBuffer()
    private let text = RawBuffer()
    @exclusivity(unchecked) private var hasNewline = false

    /// - Parameter began: what `loaded_at` is, RFC 3339 in UTC.
    init(_ shape: RecordShape, began: String) {
        self.shape = shape
        columns = ShapedColumns(shape)
        hash = ValueHash(key: shape.salt.map { Array($0.reveal().utf8) })
        levels = (0..<shape.flatten).map { _ in Level() }
        var tail: [UInt8] = []
        func add(_ name: String, _ value: [UInt8]) {
            if !tail.isEmpty { tail.append(UInt8(ascii: ",")) }
            appendEscaped(name, to: &tail)
            tail.append(UInt8(ascii: ":"))
            tail += value
        }
        for constant in shape.constants { add(constant.name, RecordShaper.json(constant.value)) }
        if let name = shape.loadedAt { add(name, RecordShaper.json(.text(began))) }
        self.tail = tail
    }

    /// Tells salts apart without telling them; empty when there is none. It is a hash as those of the rows are.
    static func mark(of shape: RecordShape?) -> String {
        guard let salt = shape?.salt else { return "" }
        let digits = RawBuffer()
        Array("bobbin".utf8).withUnsafeBytes { bytes in
            ValueHash(key: Array(salt.reveal().utf8)).append(hashOf: bytes, to: digits)
        }
        return String(decoding: digits.bytes, as: UTF8.self)
    }

    private static func json(_ value: RecordShape.Constant.Value) -> [UInt8] {
        switch value {
        case .null: return Array("null".utf8)
        case .bool(let flag): return Array("\(flag)".utf8)
        case .number(let text): return Array(text.utf8)
        case .text(let text):
            var quoted: [UInt8] = []
            appendEscaped(text, to: &quoted)
            return quoted
        }
    }

    /// Shapes the record that `source` has scanned at `base`; the result is in ``record`` and ``scanner``.
    ///
    /// - Throws: why the record is refused.
    func apply(_ base: UnsafePointer<UInt8>, _ source: borrowing RecordScanner) throws(RecordFault) {
        record.removeAll()
        path.removeAll()
        columns.begin()
        hasNewline = source.sawNewline
        record.append(UInt8(ascii: "{"))
        try members(base, source.fields, depth: 0)
        if !tail.isEmpty {
            separate()
            tail.withUnsafeBytes { record.append($0) }
        }
        record.append(UInt8(ascii: "}"))
        do { _ = try scanner.scanObject(record.base, from: 0, to: record.count) } catch {
            throw RecordFault(reason: error.message)
        }
    }

    private func separate() {
        if record.count > 1 { record.append(UInt8(ascii: ",")) }
    }

    private func members(
        _ base: UnsafePointer<UInt8>, _ fields: UnsafeBufferPointer<Field>, depth: Int
    ) throws(RecordFault) {
        let mark = path.count
        for field in fields {
            if field.kind == .object, depth < levels.count {
                try appendKey(base, field)
                path.append(UInt8(ascii: "_"))
                path.append(UInt8(ascii: "_"))
                let level = levels[depth]
                let range = field.valueRange
                do { _ = try level.scanner.scanObject(base, from: range.lowerBound, to: range.upperBound) } catch {
                    throw RecordFault(reason: error.message)
                }
                try members(base, level.scanner.fields, depth: depth + 1)
                path.truncate(to: mark)
            } else if mark == 0, !field.keyEscaped {
                try add(base, field, columns.find(base + Int(field.keyStart), Int(field.keyLength)))
            } else {
                try appendKey(base, field)
                let column = columns.find(path.base, path.count)
                path.truncate(to: mark)
                try add(base, field, column)
            }
        }
    }

    /// Appends the key of a field to the path, without its escapes.
    private func appendKey(_ base: UnsafePointer<UInt8>, _ field: Field) throws(RecordFault) {
        let start = path.count
        path.append(UnsafeRawBufferPointer(start: base + Int(field.keyStart), count: Int(field.keyLength)))
        guard field.keyEscaped else { return }
        do { path.truncate(to: start + (try unescape(path.base + start, Int(field.keyLength)))) } catch {
            throw RecordFault(reason: "half of a surrogate pair in a key")
        }
    }

    private func add(
        _ base: UnsafePointer<UInt8>, _ field: Field, _ column: ShapedColumns.Known
    ) throws(RecordFault) {
        guard let output = column.output else { return }
        if let fault = columns.take(output) { throw fault }
        separate()
        record.append(columns.key(output))
        let isText = field.kind == .string || field.kind == .escapedString
        if column.isHashed, field.kind != .null { return try appendHash(base, field, output) }
        let quotes = isText ? 1 : 0
        record.append(
            UnsafeRawBufferPointer(
                start: base + (Int(field.valueStart) &- quotes), count: Int(field.valueLength) &+ 2 &* quotes))
    }

    /// Appends the hash of what a column of texts would hold.
    private func appendHash(_ base: UnsafePointer<UInt8>, _ field: Field, _ output: Int) throws(RecordFault) {
        let raw = UnsafeRawBufferPointer(start: base + Int(field.valueStart), count: Int(field.valueLength))
        text.removeAll()
        switch field.kind {
        case .escapedString:
            text.append(raw)
            do { text.truncate(to: try unescape(text.base, raw.count)) } catch {
                throw RecordFault(reason: "half of a surrogate pair in the value", column: columns.name(output))
            }
        case .object where hasNewline, .array where hasNewline:
            text.append(capacity: raw.count) { room in compact(base + Int(field.valueStart), raw.count, to: room) }
        case .string, .integer, .number, .true, .false, .null, .object, .array: text.append(raw)
        }
        record.append(UInt8(ascii: "\""))
        hash.append(hashOf: text.bytes, to: record)
        record.append(UInt8(ascii: "\""))
    }
}
