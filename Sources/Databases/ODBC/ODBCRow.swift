internal import CODBCABI

/// One row of a stream; its memory is the stream's, and its bytes stay only until the next row, those of UTF-16 columns
/// until the column's next value is read. Columns count from 0; neither bounds nor forms are checked, since this runs for
/// each value.
package struct ODBCRow {
    let block: ODBCBlock
    let cells: UnsafeMutablePointer<ODBCCell>
    let row: Int

    init(_ block: ODBCBlock, _ row: Int) {
        self.block = block
        cells = block.cells
        self.row = row
    }

    /// Columns of the row.
    package var count: Int { block.columns.count }

    /// Whether the value is NULL; all other accessors are for values that are not.
    @inline(__always)
    package func isNull(_ column: Int) -> Bool { cells[column].lengths[row] == ODBCCode.nullData }

    /// A value of the forms bit and integer.
    @inline(__always)
    package func integer(_ column: Int) -> Int64 {
        let cell = cells[column]
        if cell.form == .bit { return Int64(cell.data.load(fromByteOffset: row, as: UInt8.self)) }
        return cell.data.load(fromByteOffset: row &* 8, as: Int64.self)
    }

    /// A value of the form double.
    @inline(__always)
    package func double(_ column: Int) -> Double { cells[column].data.load(fromByteOffset: row &* 8, as: Double.self) }

    /// The bytes of a value of the forms decimal, time, text (UTF-8) and binary.
    @inline(__always)
    package func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        let length = cells[column].lengths[row]
        if length > cells[column].usable || cells[column].isWide { return block.otherBytes(column, row) }
        return UnsafeRawBufferPointer(start: cells[column].data + row &* cells[column].stride, count: length)
    }

    /// Writes a value of the forms unsigned, date, timestamp and guid as text: digits, ISO 8601 with a space between date and
    /// time and as many digits of the second as it has, groups of hexadecimal digits. Dates are not checked.
    ///
    /// - Parameter room: for ``plainCapacity`` bytes.
    /// - Returns: the bytes written.
    package func write(_ column: Int, to room: UnsafeMutablePointer<UInt8>) -> Int {
        let data = cells[column].data
        var text = ODBCDigits(start: room)
        switch cells[column].form {
        case .unsigned: text.add(data.load(fromByteOffset: row &* 8, as: UInt64.self), width: 1)
        case .date:
            let value = data.assumingMemoryBound(to: bobbin_odbc_date.self)[row]
            text.add(year: value.year, value.month, value.day)
        case .timestamp:
            let value = data.assumingMemoryBound(to: bobbin_odbc_timestamp.self)[row]
            text.add(year: value.year, value.month, value.day)
            text.add(UInt8(ascii: " "))
            text.add(UInt64(value.hour), width: 2)
            text.add(UInt8(ascii: ":"))
            text.add(UInt64(value.minute), width: 2)
            text.add(UInt8(ascii: ":"))
            text.add(UInt64(value.second), width: 2)
            text.add(billionths: value.fraction)
        case .guid:
            let value = data.assumingMemoryBound(to: bobbin_odbc_guid.self)[row]
            text.add(hexadecimal: UInt64(value.data1), width: 8)
            text.add(UInt8(ascii: "-"))
            text.add(hexadecimal: UInt64(value.data2), width: 4)
            text.add(UInt8(ascii: "-"))
            text.add(hexadecimal: UInt64(value.data3), width: 4)
            let rest = withUnsafeBytes(of: value.data4) { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
            text.add(UInt8(ascii: "-"))
            text.add(hexadecimal: rest >> 48, width: 4)
            text.add(UInt8(ascii: "-"))
            text.add(hexadecimal: rest & 0xFFFF_FFFF_FFFF, width: 12)
        case .bit, .integer, .double, .decimal, .time, .text, .binary: break
        }
        return text.count
    }

    /// Bytes that ``write(_:to:)`` writes at most.
    package static let plainCapacity = 48

    /// A copy of any value as text, nil for NULL; binary as hexadecimal digits.
    package func text(_ column: Int) -> String? {
        if isNull(column) { return nil }
        switch cells[column].form {
        case .bit, .integer: return String(integer(column))
        case .double: return "\(double(column))"
        case .decimal, .time, .text: return String(decoding: bytes(column), as: UTF8.self)
        case .unsigned, .date, .timestamp, .guid:
            return String(unsafeUninitializedCapacity: Self.plainCapacity) { room in
                room.baseAddress.map { write(column, to: $0) } ?? 0
            }
        case .binary:
            let bytes = bytes(column)
            return String(unsafeUninitializedCapacity: 2 * bytes.count + 1) { room in
                guard let start = room.baseAddress else { return 0 }
                var text = ODBCDigits(start: start)
                for byte in bytes { text.add(hexadecimal: UInt64(byte), width: 2) }
                return text.count
            }
        }
    }
}

/// Writes numbers as digits, one behind the other.
private struct ODBCDigits {
    let start: UnsafeMutablePointer<UInt8>
    var count = 0

    init(start: UnsafeMutablePointer<UInt8>) { self.start = start }

    mutating func add(_ byte: UInt8) {
        start[count] = byte
        count += 1
    }

    /// Decimal digits, at least `width` of them.
    mutating func add(_ value: UInt64, width: Int) {
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        digits = max(digits, width)
        rest = value
        for place in (0..<digits).reversed() {
            start[count + place] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
            rest /= 10
        }
        count += digits
    }

    mutating func add(hexadecimal value: UInt64, width: Int) {
        for place in (0..<width).reversed() {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * place) & 15)
            add(digit < 10 ? digit + 0x30 : digit + 0x57)
        }
    }

    /// A date; a year before 0 with a sign.
    mutating func add(year: Int16, _ month: UInt16, _ day: UInt16) {
        if year < 0 { add(UInt8(ascii: "-")) }
        add(UInt64(year.magnitude), width: 4)
        add(UInt8(ascii: "-"))
        add(UInt64(month), width: 2)
        add(UInt8(ascii: "-"))
        add(UInt64(day), width: 2)
    }

    /// The fraction of a second behind its point, without zeros at its end; nothing for 0.
    mutating func add(billionths: UInt32) {
        guard billionths > 0 else { return }
        add(UInt8(ascii: "."))
        add(UInt64(billionths), width: 9)
        while start[count - 1] == 0x30 { count -= 1 }
    }
}
