internal import Chunk
internal import Databases
internal import Glibc
internal import JSON

/// Writes rows of a database as records, one line each, into a page. Nothing is allocated for a row or a value.
///
/// A row begins with ``begin()``, has a value for each column in order, and ends with ``end()``.
package final class RecordWriter {
    let page = RawBuffer(capacity: 1 << 20)
    /// Rows in the page.
    private(set) var rows = 0
    private let columns: [SQLColumn]
    /// `{"name":` and `,"name":` of all columns in one run of bytes.
    private let keys: RawBuffer
    private let ends: [Int]
    private let scanner = RecordScanner()
    private let scratch = RawBuffer()
    private var start = 0
    /// Sorts of values in each column of the page, as sessions note them, and what the row in hand has changed of that.
    private let kinds: UnsafeMutablePointer<UInt16>
    private var changes: [(column: Int, kinds: UInt16)] = []

    init(_ columns: [SQLColumn]) {
        self.columns = columns
        kinds = .allocate(capacity: max(1, columns.count))
        kinds.initialize(repeating: 0, count: max(1, columns.count))
        let keys = RawBuffer()
        var ends: [Int] = []
        for (index, column) in columns.enumerated() {
            var key: [UInt8] = [index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ",")]
            appendEscaped(column.name, to: &key)
            key.append(UInt8(ascii: ":"))
            key.withUnsafeBytes { keys.append($0) }
            ends.append(keys.count)
        }
        self.keys = keys
        self.ends = ends
    }

    deinit { kinds.deallocate() }

    /// Empties the page.
    func removeAll() {
        page.removeAll()
        changes.removeAll(keepingCapacity: true)
        kinds.update(repeating: 0, count: columns.count)
        rows = 0
    }

    /// A row begins.
    @inline(__always)
    package func begin() {
        start = page.count
        if !changes.isEmpty { changes.removeAll(keepingCapacity: true) }
    }

    /// The row is whole.
    @inline(__always)
    package func end() {
        if columns.isEmpty { page.append(UInt8(ascii: "{")) }
        page.append(UInt8(ascii: "}"))
        page.append(10)
        rows &+= 1
    }

    /// Forgets the row in hand.
    func undo() {
        page.truncate(to: start)
        forgetKinds()
    }

    /// What there is of the row in hand.
    var unfinished: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: page.bytes[start...]) }

    /// The last whole row, without its line feed.
    var lastRow: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: page.bytes[start..<max(start, page.count - 1)])
    }

    /// Forgets the last whole row.
    func dropLastRow() {
        page.truncate(to: start)
        rows -= 1
        forgetKinds()
    }

    // MARK: Sorts of values

    /// Notes of which sort the value of a column is (``SchemaInference/Kinds``): who knows it spares the page a scan.
    @inline(__always)
    func note(_ column: Int, _ kind: UInt16) {
        if kinds[column] & kind == 0 {
            changes.append((column, kinds[column]))
            kinds[column] |= kind
        }
    }

    /// The sorts that were noted in the page.
    func seen(_ column: Int) -> UInt16 { kinds[column] }

    /// The row in hand is not in the page.
    private func forgetKinds() {
        for change in changes.reversed() { kinds[change.column] = change.kinds }
        changes.removeAll(keepingCapacity: true)
    }

    // MARK: Values

    /// NULL.
    @inline(__always)
    package func null(_ column: Int) {
        key(column)
        put("null")
    }

    /// An integer.
    @inline(__always)
    package func integer(_ column: Int, _ value: Int64) {
        key(column)
        withDecimalDigits(value) { page.append(UnsafeRawBufferPointer($0)) }
    }

    /// A float64 in the shortest digits that read back as the same; NaN and the infinities as strings.
    package func double(_ column: Int, _ value: Double) {
        key(column)
        guard value.isFinite else { return put(value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"") }
        withDecimalDigits(value) { page.append(UnsafeRawBufferPointer($0)) }
    }

    /// A truth value.
    package func boolean(_ column: Int, _ value: Bool) {
        key(column)
        put(value ? "true" : "false")
    }

    /// A value in the engine's text, by its column's form.
    @inline(__always)
    package func value(_ column: Int, _ bytes: UnsafeRawBufferPointer) throws(RecordFault) {
        key(column)
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(page.base)
        let count = bytes.count
        switch columns[column].form {
        case .text: try text(column, base, count)
        case .integer: try number(column, base, count, isFinite: true)
        case .number: try number(column, base, count, isFinite: false)
        case .boolean: put(count > 0 && (base[0] | 0x20 == 0x74 || base[0] == 0x31 || base[0] == 1) ? "true" : "false")
        case .json: try json(column, base, count)
        case .bytes: base64(base, count)
        case .hexadecimal: try hexadecimal(column, base, count)
        case .bits: bits(base, count)
        case .moment: try moment(column, base, count, isInstant: false)
        case .instant: try moment(column, base, count, isInstant: true)
        }
    }

    /// A text, whatever the column's form is.
    package func text(_ column: Int, text bytes: UnsafeRawBufferPointer) throws(RecordFault) {
        key(column)
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(page.base)
        try text(column, base, bytes.count)
    }

    /// Bytes, whatever the column's form is.
    package func bytes(_ column: Int, _ bytes: UnsafeRawBufferPointer) {
        key(column)
        base64(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(page.base), bytes.count)
    }

    // MARK: Spelling

    @inline(__always)
    private func key(_ column: Int) {
        let from = column == 0 ? 0 : ends[column &- 1]
        page.append(UnsafeRawBufferPointer(start: keys.base + from, count: ends[column] &- from))
    }

    @inline(__always)
    private func put(_ text: StaticString) {
        page.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    private func text(_ column: Int, _ base: UnsafePointer<UInt8>, _ count: Int) throws(RecordFault) {
        if let bad = validUTF8(base, count) {
            throw RecordFault(reason: "no UTF-8 at byte \(bad) of the value", column: columns[column].name)
        }
        page.append(capacity: escapedBound(count)) { room in writeEscaped(base, count, to: room) }
    }

    /// Engines fill up with zeros (ZEROFILL) or leave them out (`.5`), where JSON has exactly one before the point.
    private func number(
        _ column: Int, _ base: UnsafePointer<UInt8>, _ count: Int, isFinite: Bool
    ) throws(RecordFault) {
        var first = 0
        let isNegative = count > 0 && base[0] == UInt8(ascii: "-")
        if isNegative || (count > 0 && base[0] == UInt8(ascii: "+")) { first = 1 }
        if !isFinite, first < count, base[first] | 0x20 >= 0x61 {
            let isNaN = base[first] | 0x20 == UInt8(ascii: "n")
            return put(isNaN ? "\"NaN\"" : isNegative ? "\"-Infinity\"" : "\"Infinity\"")
        }
        while first &+ 1 < count, base[first] == 0x30, (0x30...0x39).contains(base[first &+ 1]) { first &+= 1 }
        // A table may have been changed since its types were asked for: what is no number must not pass for one.
        var place = first
        while place < count {
            let byte = base[place]
            let isPlain = byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
            guard isPlain || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") else {
                throw RecordFault(reason: "no number in a column of numbers", column: columns[column].name)
            }
            place &+= 1
        }
        if isNegative { page.append(UInt8(ascii: "-")) }
        if first >= count || base[first] == UInt8(ascii: ".") { page.append(0x30) }
        page.append(UnsafeRawBufferPointer(start: base + first, count: count &- first))
    }

    private func json(_ column: Int, _ base: UnsafePointer<UInt8>, _ count: Int) throws(RecordFault) {
        // The scanner reads past the end, which only our own buffers allow.
        scratch.removeAll()
        scratch.append(UnsafeRawBufferPointer(start: base, count: count))
        let name = columns[column].name
        if let bad = validUTF8(scratch.base, count) {
            throw RecordFault(reason: "no UTF-8 at byte \(bad) of the value", column: name)
        }
        let value: ScannedValue
        do { value = try scanner.scanValue(scratch.base, from: 0, to: count) } catch {
            throw RecordFault(reason: "no JSON: \(error.message)", column: name)
        }
        guard skipWhiteSpace(scratch.base, value.end, count) == count else {
            throw RecordFault(reason: "text after the JSON value", column: name)
        }
        page.append(capacity: count) { room in compact(scratch.base, count, to: room) }
    }

    private func base64(_ base: UnsafePointer<UInt8>, _ count: Int) {
        page.append(capacity: Base64.encodedCount(count) &+ 2) { room in
            room[0] = UInt8(ascii: "\"")
            let written = Base64.encode(base, count, to: room + 1)
            room[written &+ 1] = UInt8(ascii: "\"")
            return written &+ 2
        }
    }

    private func hexadecimal(_ column: Int, _ base: UnsafePointer<UInt8>, _ count: Int) throws(RecordFault) {
        guard count >= 2, base[0] == UInt8(ascii: "\\"), base[1] | 0x20 == UInt8(ascii: "x"), count % 2 == 0 else {
            throw RecordFault(reason: "bytes in another form than \\x and digits", column: columns[column].name)
        }
        scratch.removeAll()
        var isGood = true
        scratch.append(capacity: count / 2) { room in
            for place in 0..<(count / 2 &- 1) {
                let high = RecordWriter.nibble(base[2 &+ 2 &* place])
                let low = RecordWriter.nibble(base[3 &+ 2 &* place])
                if high > 15 || low > 15 { isGood = false }
                room[place] = high << 4 | low & 15
            }
            return count / 2 &- 1
        }
        guard isGood else { throw RecordFault(reason: "no hexadecimal digits", column: columns[column].name) }
        base64(scratch.base, scratch.count)
    }

    private static func nibble(_ digit: UInt8) -> UInt8 {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x41...0x46: digit &- 0x37
        case 0x61...0x66: digit &- 0x57
        default: 255
        }
    }

    private func bits(_ base: UnsafePointer<UInt8>, _ count: Int) {
        var value: UInt64 = 0
        for place in 0..<count { value = value << 8 | UInt64(base[place]) }
        page.append(capacity: 20) { room in RecordWriter.digits(value, to: room) }
    }

    private func moment(
        _ column: Int, _ base: UnsafePointer<UInt8>, _ count: Int, isInstant: Bool
    ) throws(RecordFault) {
        if base[count &- 1] != UInt8(ascii: "C"), let mark = RecordWriter.markOfOldYear(base, count) {
            // PostgreSQL's words, so that those of all engines are the same.
            scratch.removeAll()
            scratch.append(UnsafeRawBufferPointer(start: base, count: mark))
            scratch.append(UnsafeRawBufferPointer(start: base + (mark &+ 5), count: count &- mark &- 5))
            for byte in " BC".utf8 { scratch.append(byte) }
            return try text(column, scratch.base, scratch.count)
        }
        // What is no plain date and time (`infinity`, years before 1 and after 9999) stays in the engine's words.
        guard count >= 19, base[10] == 0x20, base[4] == UInt8(ascii: "-"), base[count &- 1] != UInt8(ascii: "C") else {
            return try text(column, base, count)
        }
        page.append(capacity: count &+ 3) { room in
            var written = count
            room[0] = UInt8(ascii: "\"")
            (room + 1).update(from: base, count: count)
            room[11] = UInt8(ascii: "T")
            if isInstant {
                let isZero = memcmp(base + (count &- 3), "+00", 3) == 0
                if isZero { written &-= 3 }
                if isZero || !RecordWriter.hasZone(base, count) {
                    room[written &+ 1] = UInt8(ascii: "Z")
                    written &+= 1
                }
            }
            room[written &+ 1] = UInt8(ascii: "\"")
            return written &+ 2
        }
    }

    /// Where DuckDB's ` (BC)` stands, which follows the date; nil where it does not.
    private static func markOfOldYear(_ base: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        // Years have four digits or more.
        var place = 10
        while place &+ 5 <= count, place <= 14 {
            if base[place] == 0x20, base[place &+ 1] == UInt8(ascii: "(") {
                return memcmp(base + place, " (BC)", 5) == 0 ? place : nil
            }
            if base[place] == 0x20 { return nil }
            place &+= 1
        }
        return nil
    }

    private static func hasZone(_ base: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        for place in 19..<count {
            let byte = base[place]
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte | 0x20 == UInt8(ascii: "z") {
                return true
            }
        }
        return false
    }

    private static func digits(_ value: UInt64, to room: UnsafeMutablePointer<UInt8>) -> Int {
        var count = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            count &+= 1
        }
        rest = value
        for place in (0..<count).reversed() {
            room[place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        return count
    }
}
