import Glibc

/// The columns of one file, ready to be written: for each the bytes `,"name":null`, one behind the other. They serve
/// for a value (without the null), for a null, and for a run of nulls at once.
final class CSVColumns {
    /// Texts are copied in vectors of this length.
    static let stride = 16

    struct Column {
        /// Where the text begins; the next column's begins where it ends.
        let text: UnsafeMutablePointer<UInt8>
        /// Length of `,"name":`.
        let length: Int
        /// Vectors that cover all of the text.
        let vectors: Int
        let isText: Bool
    }

    let names: [String]
    /// One per column, and one that marks the end.
    let table: UnsafeMutablePointer<Column>
    /// Bytes that copying the longest text may touch.
    let longest: Int
    private let storage: UnsafeMutablePointer<UInt8>

    var count: Int { names.count }

    /// `names` have been checked.
    init(_ names: [String], textColumns: Set<String>) {
        self.names = names
        let null = Array("null".utf8)
        // Byte for byte, as JSON keys are compared: not by canonical equivalence.
        let wanted = Set(textColumns.map { Array($0.utf8) })
        let texts = names.map { name in
            var text: [UInt8] = [ASCII.comma]
            JSONText.append(name, to: &text)
            text.append(ASCII.colon)
            return text
        }
        let all = texts.flatMap { $0 + null } + Array(repeating: 0, count: Self.stride)
        storage = .allocate(capacity: all.count)
        storage.initialize(from: all, count: all.count)
        table = .allocate(capacity: names.count + 1)
        var next = storage
        var longest = 0
        for (index, text) in texts.enumerated() {
            let vectors = (text.count + null.count + Self.stride - 1) / Self.stride
            longest = max(longest, vectors * Self.stride)
            let isText = wanted.contains(Array(names[index].utf8))
            (table + index).initialize(
                to: Column(text: next, length: text.count, vectors: vectors, isText: isText))
            next += text.count + null.count
        }
        (table + names.count).initialize(to: Column(text: next, length: 0, vectors: 0, isText: false))
        self.longest = longest
    }

    deinit {
        table.deallocate()
        storage.deallocate()
    }

    /// Copies column text to `out`, past its end up to a whole vector. `out` has room for ``longest`` bytes.
    @inline(__always) static func copy(_ column: Column, to out: UnsafeMutablePointer<UInt8>) {
        var from = UnsafeRawPointer(column.text)
        var to = UnsafeMutableRawPointer(out)
        for _ in 0..<column.vectors {
            to.storeBytes(of: from.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
            from += stride
            to += stride
        }
    }

    /// Checks that `names` can be the keys of a record.
    ///
    /// - Throws: ``FormatsError/Code/badHeader``.
    static func checked(_ names: [String], name: String) throws(FormatsError) -> [String] {
        if names.isEmpty {
            throw FormatsError(.badHeader, "\(name): there are no columns: declare the names with `columns`")
        }
        var seen: [[UInt8]: Int] = [:]
        for (index, column) in names.enumerated() {
            if column.isEmpty {
                throw FormatsError(
                    .badHeader, "\(name): column \(index + 1) has no name: declare the names with `columns`")
            }
            if let first = seen.updateValue(index, forKey: Array(column.utf8)) {
                throw FormatsError(
                    .badHeader,
                    "\(name): columns \(first + 1) and \(index + 1) have the same name \"\(column)\": "
                        + "declare the names with `columns`")
            }
        }
        return names
    }
}
