import Chunk
import TestKit

/// Lines of the given lengths, LF-ended, of text that compresses somewhat.
func makeLines(_ lengths: [Int], seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed)
    let words = ["interface", "down", "\"rank\":", "{", "}", "12345", " "].map { Array($0.utf8) }
    var bytes: [UInt8] = []
    for length in lengths {
        let end = bytes.count + length
        while bytes.count < end { bytes += words[random.below(words.count)] }
        bytes.removeLast(bytes.count - end)
        bytes.append(0x0A)
    }
    return bytes
}

/// A chunk file: the bytes in frames of at most `frame` bytes each.
func makeFile(_ bytes: [UInt8], frame: Int, level: Int = 3) throws -> [UInt8] {
    let compressor = try FrameCompressor(level: level)
    let output = RawBuffer()
    var start = 0
    repeat {
        let end = min(start + frame, bytes.count)
        try bytes[start..<end].withUnsafeBytes { try compressor.compress($0, into: output) }
        start = end
    } while start < bytes.count
    return Array(output.bytes)
}

/// Reads a file through line blocks, at most `piece` bytes at a time, and checks each block's promises.
func readBlocks(
    _ file: [UInt8], decoder: ChunkDecoder, block size: Int, maximumLine: Int = 1 << 20, piece: Int = .max
) throws -> (content: [UInt8], blocks: Int, isWhole: Bool) {
    var position = 0
    let lines = ChunkLineBlocks(decoder: decoder, blockSize: size, maximumLine: maximumLine) { target in
        let count = min(target.count, piece, file.count - position)
        target.copyBytes(from: file[position..<(position + count)])
        position += count
        return count
    }
    let block = RawBuffer()
    var content: [UInt8] = []
    var blocks = 0
    var isWhole = true
    while try lines.nextBlock(into: block) {
        isWhole = isWhole && block.bytes.last == 0x0A
        content += block.bytes
        blocks += 1
    }
    // Once at the end it stays there.
    let more = try lines.nextBlock(into: block)
    isWhole = isWhole && !more && block.count == 0
    return (content, blocks, isWhole)
}
