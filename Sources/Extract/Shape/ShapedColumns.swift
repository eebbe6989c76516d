internal import Chunk
internal import Configuration
internal import Glibc
internal import JSON
internal import Manifest

/// The columns that records have brought so far, and what a shape makes of each: decided once, then found by comparing bytes.
///
/// One thread at a time. Records bring their columns mostly in one order, so the search begins behind the last one found.
final class ShapedColumns {
    /// What becomes of a column of the source.
    struct Known {
        /// Where the name ends in the run of names.
        var nameEnd: Int
        /// The column that it becomes; nil when it is left out.
        var output: Int?
        var isHashed: Bool
    }

    /// A column of the shaped record.
    private struct Output {
        var name: [UInt8]
        /// Where `"name":` ends in the run of keys.
        var keyEnd: Int
        /// The record that was the last to bring it.
        var record: UInt64
    }

    /// Names that are remembered; a source that uses values as keys and drops them has no end of them.
    private static let limit = 2_000

    private let shape: RecordShape
    @exclusivity(unchecked) private var known: [Known] = []
    private let names = RawBuffer()
    @exclusivity(unchecked) private var outputs: [Output] = []
    private let keys = RawBuffer()
    @exclusivity(unchecked) private var record: UInt64 = 0
    @exclusivity(unchecked) private var expected = 0
    /// The first outputs are columns that the shape adds.
    private let added: Int

    init(_ shape: RecordShape) {
        self.shape = shape
        added = shape.added.count
        for name in shape.added { _ = output(name) }
    }

    /// A record begins.
    func begin() {
        record &+= 1
        expected = 0
    }

    /// What becomes of the column of this name.
    func find(_ name: UnsafePointer<UInt8>, _ count: Int) -> Known {
        if expected < known.count, matches(expected, name, count) {
            expected &+= 1
            return known[expected &- 1]
        }
        for step in 0..<known.count {
            let place = (expected &+ step) % known.count
            guard matches(place, name, count) else { continue }
            expected = place &+ 1
            return known[place]
        }
        return add(name, count)
    }

    /// Notes that the record in hand brings an output; the reason when it may not.
    func take(_ output: Int) -> RecordFault? {
        if output < added {
            return RecordFault(
                reason: "the record has this column, which `shape` adds: drop or rename it", column: name(output))
        }
        guard outputs[output].record == record else {
            outputs[output].record = record
            return nil
        }
        return RecordFault(
            reason: "two values of the record would be this column: a key stands twice, or `shape` gives two one name",
            column: name(output))
    }

    /// `"name":` of an output; valid until the next new name.
    func key(_ output: Int) -> UnsafeRawBufferPointer {
        let start = output == 0 ? 0 : outputs[output &- 1].keyEnd
        return UnsafeRawBufferPointer(start: keys.base + start, count: outputs[output].keyEnd &- start)
    }

    func name(_ output: Int) -> String { String(decoding: outputs[output].name, as: UTF8.self) }

    private func start(_ place: Int) -> Int { place == 0 ? 0 : known[place &- 1].nameEnd }

    @inline(__always)
    private func matches(_ place: Int, _ name: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        let first = start(place)
        return known[place].nameEnd &- first == count && memcmp(names.base + first, name, count) == 0
    }

    private func add(_ name: UnsafePointer<UInt8>, _ count: Int) -> Known {
        let bytes = UnsafeBufferPointer(start: name, count: count)
        let outcome = shape.outcome(of: String(decoding: bytes, as: UTF8.self))
        if known.count >= ShapedColumns.limit {
            known.removeLast()
            names.truncate(to: start(known.count))
        }
        names.append(UnsafeRawBufferPointer(bytes))
        let new = Known(
            nameEnd: names.count, output: outcome.map { output($0.name) }, isHashed: outcome?.isHashed ?? false)
        known.append(new)
        expected = known.count
        return new
    }

    private func output(_ name: String) -> Int {
        let bytes = name.bytes
        if let index = outputs.firstIndex(where: { $0.name == bytes }) { return index }
        var key: [UInt8] = []
        appendEscaped(name, to: &key)
        key.append(UInt8(ascii: ":"))
        key.withUnsafeBytes { keys.append($0) }
        outputs.append(Output(name: bytes, keyEnd: keys.count, record: 0))
        return outputs.count - 1
    }
}
