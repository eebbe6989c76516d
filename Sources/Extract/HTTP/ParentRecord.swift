internal import Chunk
internal import Configuration
internal import JSON

/// What a stream takes of one record of its parent.
struct ParentRecord {
    /// The placeholders, as text, in the order of the configuration.
    let values: [(name: String, value: String)]
    /// The same as they stand in the record, as JSON.
    let literals: [[UInt8]]

    /// Takes the fields of the record that was just scanned at `base`.
    ///
    /// - Throws: `ExtractError` when a field is missing or holds no value to put into a placeholder.
    init(_ parent: ParentSource, _ scanner: borrowing RecordScanner, _ base: UnsafePointer<UInt8>) throws {
        var values: [(name: String, value: String)] = []
        var literals: [[UInt8]] = []
        for wanted in parent.fields {
            guard let field = Fields.find(Array(wanted.source.utf8), scanner, base) else {
                throw ExtractError(
                    .configuration,
                    "a record of \(parent.stream) has no field \(wanted.source): check parent.fields of the source")
            }
            switch field.kind {
            case .object, .array, .null:
                throw ExtractError(
                    .configuration,
                    "the field \(wanted.source) of a record of \(parent.stream) is \(field.kind.described), which fills no placeholder: check "
                        + "parent.fields of the source")
            case .string, .escapedString, .integer, .number, .true, .false: break
            }
            values.append((wanted.name, try Fields.text(field, base) ?? ""))
            var range = field.valueRange
            if field.kind == .string || field.kind == .escapedString {
                range = (range.lowerBound - 1)..<(range.upperBound + 1)
            }
            literals.append(Array(UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)))
        }
        self.values = values
        self.literals = literals
    }

    /// Which parent it is, for messages.
    var described: String { values.map { "\($0.name) \($0.value)" }.joined(separator: ", ") }
}

/// Adds the fields of parents to records. Used by one thread.
final class ParentCarrier {
    private let names: [[UInt8]]
    private let keys: [[UInt8]]
    private let record = RawBuffer()
    @exclusivity(unchecked) private var scanner = RecordScanner()

    /// - Parameter names: the columns, in the order of ``ParentRecord/literals``.
    init(_ names: [String]) {
        self.names = names.map { Array($0.utf8) }
        keys = names.map { name in
            var key: [UInt8] = []
            appendEscaped(name, to: &key)
            return key + [UInt8(ascii: ":")]
        }
    }

    /// Hands the record at `range`, which was just scanned, to `sink`, with those fields of `parent` that it lacks.
    ///
    /// - Returns: why it is refused.
    func add(
        _ base: UnsafePointer<UInt8>, _ range: Range<Int>, _ source: borrowing RecordScanner, _ parent: ParentRecord,
        to sink: RecordSink
    ) throws -> RecordFault? {
        record.removeAll()
        record.append(UInt8(ascii: "{"))
        for (index, name) in names.enumerated() where Fields.find(name, source, base) == nil {
            if record.count > 1 { record.append(UInt8(ascii: ",")) }
            keys[index].withUnsafeBytes { record.append($0) }
            parent.literals[index].withUnsafeBytes { record.append($0) }
        }
        if record.count == 1 { return try sink.add(base, range, source) }
        if source.fieldCount > 0 { record.append(UInt8(ascii: ",")) }
        record.append(UnsafeRawBufferPointer(start: base + range.lowerBound + 1, count: range.count - 1))
        do { _ = try scanner.scanObject(record.base, from: 0, to: record.count) } catch {
            return RecordFault(reason: error.message)
        }
        return try sink.add(UnsafePointer(record.base), 0..<record.count, scanner)
    }
}
