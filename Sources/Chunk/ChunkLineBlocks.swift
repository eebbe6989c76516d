/// The lines of a chunk file, in blocks of complete LF-ended lines, with flat memory.
package final class ChunkLineBlocks {
    /// Bytes that a block aims at; the default suits the caches.
    package static let defaultBlockSize = 1 << 20
    /// The longest line accepted unless told otherwise.
    package static let defaultMaximumLine = 256 << 20

    private static let pieceSize = 256 << 10
    private static let lineFeed: UInt8 = 0x0A

    private var read: (UnsafeMutableRawBufferPointer) throws -> Int
    private let decoder: ChunkDecoder
    private let blockSize: Int
    private let maximumLine: Int
    private let piece: RawBuffer
    private let tail = RawBuffer()
    private var pieceStart = 0
    private var hasReachedEnd = false
    private var failure: (any Error)?

    /// Blocks of the file that `read` delivers: it fills the start of what it is given, and returns 0 at the end only.
    ///
    /// The decoder is reset and must not be used elsewhere meanwhile.
    package init(
        decoder: ChunkDecoder, blockSize: Int = ChunkLineBlocks.defaultBlockSize,
        maximumLine: Int = ChunkLineBlocks.defaultMaximumLine,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.read = read
        self.decoder = decoder
        self.blockSize = max(blockSize, 1)
        self.maximumLine = max(maximumLine, 1)
        piece = RawBuffer(capacity: Self.pieceSize)
        decoder.reset()
    }

    /// Blocks with a decoder of their own.
    package convenience init(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws(ChunkError) {
        self.init(decoder: try ChunkDecoder(), read: read)
    }

    /// Begins another file, which `read` delivers, whatever became of the last one.
    package func restart(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.read = read
        decoder.reset()
        piece.removeAll()
        tail.removeAll()
        pieceStart = 0
        hasReachedEnd = false
        failure = nil
    }

    /// Replaces the content of `block` with the next lines, as ``appendBlock(to:)``.
    package func nextBlock(into block: RawBuffer) throws -> Bool {
        block.removeAll()
        return try appendBlock(to: block)
    }

    /// Appends the next lines, each with its LF, to `block`; false at the end of an intact file.
    ///
    /// Throws what `read` throws, `corrupt`, or `lineTooLong`. A damaged file is noticed at the end of a frame at the
    /// latest: until this has returned false, nothing that was read may become final.
    package func appendBlock(to block: RawBuffer) throws -> Bool {
        if let failure { throw failure }
        do {
            return try fillWithLines(block)
        } catch {
            failure = error
            throw error
        }
    }

    private func fillWithLines(_ block: RawBuffer) throws -> Bool {
        let start = block.count
        block.append(tail.bytes)
        tail.removeAll()
        // What the tail holds was searched before.
        var searched = block.count
        var limit = max(start &+ blockSize, block.count &+ 1)
        while true {
            try fill(block, limit)
            if let end = lineEnd(block, from: searched) {
                tail.append(UnsafeRawBufferPointer(rebasing: block.bytes[end...]))
                block.truncate(to: end)
                return true
            }
            if block.count < limit { break }
            if block.count &- start > maximumLine {
                throw ChunkError(
                    .lineTooLong, "a line of the chunk is longer than \(maximumLine) bytes; raise the limit")
            }
            searched = block.count
            limit = max(start &+ min((block.count &- start) &* 2, maximumLine &+ 1), block.count &+ 1)
        }
        if block.count > start {
            throw ChunkError.corrupt("the last line does not end with a line feed", at: decoder.compressedCount)
        }
        return false
    }

    /// Decodes until the block holds `limit` bytes; fewer only at the end of the file, which is then known to be intact.
    private func fill(_ block: RawBuffer, _ limit: Int) throws {
        while block.count < limit {
            if pieceStart == piece.count && !hasReachedEnd {
                piece.removeAll()
                pieceStart = 0
                try piece.append(capacity: Self.pieceSize) { room in
                    try read(UnsafeMutableRawBufferPointer(start: room, count: Self.pieceSize))
                }
                hasReachedEnd = piece.count == 0
            }
            let before = block.count
            pieceStart += try decoder.feed(
                UnsafeRawBufferPointer(rebasing: piece.bytes[pieceStart...]), into: block, limit: limit)
            if hasReachedEnd && block.count == before {
                try decoder.finish()
                return
            }
        }
    }

    /// Offset after the last LF at or behind `start`.
    private func lineEnd(_ block: RawBuffer, from start: Int) -> Int? {
        var i = block.count
        while i > start {
            if block.base[i &- 1] == Self.lineFeed { return i }
            i &-= 1
        }
        return nil
    }
}
