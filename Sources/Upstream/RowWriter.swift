/// Writes the records of a partition as JSON straight into one buffer. Words, phrases and the constant parts of a row are
/// copied in slots of fixed size; nothing is escaped or measured per row.
package struct RowWriter: Sendable {
    /// What a row can need beyond its prefix, including the excess of the last slot copied.
    private static let rowBound = 512

    private let partition: Partition
    /// `{"domain":"...","data_date":"...","rank":`
    private let prefix: [UInt8]
    private let withTimestamp: Bool

    /// A writer for a partition's rows; with `updated_at` as a last field when asked for.
    package init(_ partition: Partition, withTimestamp: Bool = false) {
        self.partition = partition
        self.withTimestamp = withTimestamp
        var text = JSONText()
        text.raw(#"{"domain":"#)
        text.string(partition.domain)
        text.raw(#","data_date":"\#(partition.date)","rank":"#)
        prefix = text.bytes
    }

    /// A body made of `head`, the rows with these indices separated by commas, and `tail`.
    package func body(head: String, rows: Range<Int>, tail: String) -> [UInt8] {
        make(head, rows, tail)
    }

    /// The same for rows that do not follow one another.
    package func body(head: String, rows: [Int], tail: String) -> [UInt8] {
        make(head, rows, tail)
    }

    // Inlined into both, so that the loop over the rows is specialised for each kind of indices.
    @inline(__always)
    private func make(_ head: String, _ rows: some Collection<Int>, _ tail: String) -> [UInt8] {
        let head = Array(head.utf8), tail = Array(tail.utf8)
        let bound = head.count + tail.count + rows.count * (prefix.count + Self.rowBound) + Self.rowBound
        return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            var output = ByteOutput(start)
            output.copy(head)
            let texts = Vocabulary.shared
            texts.table.withUnsafeBytes { table in
                guard let table = table.baseAddress else { return }
                var first = true
                for index in rows {
                    if !first { output.byte(UInt8(ascii: ",")) }
                    first = false
                    write(index, texts, table, to: &output)
                }
            }
            output.copy(tail)
            count = output.count
        }
    }

    @inline(__always)
    private func write(_ index: Int, _ texts: Vocabulary, _ table: UnsafeRawPointer, to output: inout ByteOutput) {
        var random = SplitMix(partition.state(of: index))
        let choice = random.next()
        output.copy(prefix)
        output.decimal(partition.rank(at: index))
        output.slot(Int(choice & 15), of: texts.types, in: table)
        output.sixDigits(UInt32(truncatingIfNeeded: (choice >> 16) % 20_000))
        output.literal(#"","fault_detail":""#)

        // 81 to 184 wanted and a last word or number of up to 15 more, less its space: 80 to 198 characters.
        let wanted = 81 + Int((choice >> 32) % 104)
        var length = 0
        if (choice >> 40) % 3 == 0 {
            let spice = Int((choice >> 48) % UInt64(texts.spices.count))
            output.slot(spice, of: texts.spices, in: table)
            length = Int(table.load(fromByteOffset: texts.spiceScalars + spice, as: UInt8.self))
        }
        while true {
            var bits = random.next()
            for _ in 0..<8 where length < wanted {
                length += output.slot(Int(bits & 127), of: texts.words, in: table)
                bits >>= 7
            }
            if length >= wanted { break }
            let before = output.count
            output.decimal(Int(bits) * 79 + (index & 63))
            output.byte(0x20)
            length += output.count - before
        }
        output.removeLast()
        if withTimestamp {
            let change = partition.lastChange(of: index)
            output.literal(#"","updated_at":""#)
            output.copy(Array(formatTimestamp(partition.updatedAt(index, changedIn: change)).utf8))
        }
        output.literal(#""}"#)
    }
}
