internal import Glibc

/// Bytes that grow and are used again.
final class ODBCBytes {
    private(set) var start: UnsafeMutableRawPointer
    private(set) var capacity: Int
    var count = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
        start = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { start.deallocate() }

    /// Makes room for `bytes` in all; what is there stays.
    func reserve(_ bytes: Int) {
        guard bytes > capacity else { return }
        let larger = max(2 * capacity, bytes)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        memcpy(moved, start, count)
        start.deallocate()
        start = moved
        capacity = larger
    }
}

extension ODBCStatement {
    /// Bytes that a value of unknown length is asked for at first.
    static let pieceBytes = 1 << 16

    /// Fetches one value of the current row whole, by as many SQLGetData as it takes (Microsoft, "ODBC API Reference",
    /// SQLGetData, "Retrieving Variable-Length Data in Parts").
    ///
    /// - Parameter expected: the value's bytes, where they are known.
    /// - Returns: its bytes, or -1 for NULL.
    func pieces(_ index: Int, _ cell: ODBCCell, expected: Int?, into value: ODBCBytes) throws(ODBCError) -> Int {
        value.count = 0
        value.reserve((expected ?? min(value.capacity, Self.pieceBytes)) + 16)
        while true {
            // A driver that keeps characters whole may leave the last bytes alone; zeros show where it stopped.
            let room = value.capacity - value.count
            let target = value.start + value.count
            memset(target + room - 8, 0, 8)
            var length = 0
            let code = library.getData(handle, UInt16(index + 1), cell.cType, target, room, &length)
            // Nothing left: the piece before ended exactly.
            if code == ODBCCode.Result.noData { return value.count }
            try check(code)
            if length == ODBCCode.nullData { return ODBCCode.nullData }
            if length >= 0, length + cell.terminator <= room {
                value.count += length
                return value.count
            }
            let got = room - cell.terminator
            value.count += got - unwritten(target, got, cell)
            // What is left as the driver says, or as much again.
            value.reserve(length >= 0 ? value.count + length - got + 32 : 2 * value.capacity)
        }
    }

    /// Bytes at the end of a full piece that the driver did not fill, since the next character did not fit.
    private func unwritten(_ start: UnsafeMutableRawPointer, _ count: Int, _ cell: ODBCCell) -> Int {
        guard cell.form == .text else { return 0 }
        let unit = cell.terminator
        // A piece has an even number of bytes for UTF-16.
        var end = count / unit * unit
        while count - end < 4 * unit, end > 0,
            (0..<unit).allSatisfy({ start.load(fromByteOffset: end - 1 - $0, as: UInt8.self) == 0 })
        {
            end -= unit
        }
        return count - end
    }
}
