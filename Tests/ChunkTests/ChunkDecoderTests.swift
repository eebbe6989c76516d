import Chunk
import TestKit
import Testing

@Suite struct ChunkDecoderTests {
    static let lengths = [0, 1, 7, 300, 0, 5000, 12, 80, 20_000, 3]

    @Test(arguments: [1, 3, 19], [1, 100, 4096, 1 << 20])
    func roundTrips(_ level: Int, _ frame: Int) throws {
        let bytes = makeLines(Self.lengths, seed: 2)
        let file = try makeFile(bytes, frame: frame, level: level)
        let decoder = try ChunkDecoder()
        for piece in [1, 3, 1000, .max] {
            for block in [1, 64, 10_000, 1 << 20] {
                let read = try readBlocks(file, decoder: decoder, block: block, piece: piece)
                #expect(read.content == bytes)
                #expect(read.isWhole)
                if block == 1 << 20 { #expect(read.blocks == 1) }
            }
        }
    }

    @Test func emptyFramesAreAnEmptyChunk() throws {
        let file = try makeFile([], frame: 10)
        #expect(try readBlocks(file, decoder: try ChunkDecoder(), block: 100).content.isEmpty)
        let lines = makeLines([5], seed: 1)
        #expect(
            try readBlocks(file + makeFile(lines, frame: 9) + file, decoder: ChunkDecoder(), block: 9).content == lines)
    }

    @Test func memoryStaysFlat() throws {
        let bytes = makeLines(Array(repeating: 999, count: 20_000), seed: 4)
        let file = try makeFile(bytes, frame: 4 << 20)
        var position = 0
        let lines = try ChunkLineBlocks { target in
            let count = min(target.count, file.count - position)
            target.copyBytes(from: file[position..<(position + count)])
            position += count
            return count
        }
        let block = RawBuffer()
        var total = 0
        while try lines.nextBlock(into: block) {
            total += block.count
            #expect(block.count % 1000 == 0 && block.count <= ChunkLineBlocks.defaultBlockSize)
            #expect(block.capacity <= 2 * ChunkLineBlocks.defaultBlockSize)
        }
        #expect(total == bytes.count)
    }

    @Test func longLinesGrowTheBlockUpToTheMaximum() throws {
        let decoder = try ChunkDecoder()
        let file = try makeFile(makeLines([10, 5000, 10], seed: 3), frame: 700)
        #expect(try readBlocks(file, decoder: decoder, block: 16, maximumLine: 5001).isWhole)
        let failure = #expect(throws: ChunkError.self) {
            try readBlocks(file, decoder: decoder, block: 16, maximumLine: 4999)
        }
        #expect(failure?.code == .lineTooLong)
        #expect(failure?.message.contains("4999") == true)
    }

    /// Cut anywhere, a file is either refused or, cut between two frames, a shorter chunk that the manifest's row count
    /// and SHA-256 tell from the whole.
    @Test func cutFilesAreNeverWhole() throws {
        let bytes = makeLines([200, 100, 300, 50], seed: 5)
        let file = try makeFile(bytes, frame: 201)
        let decoder = try ChunkDecoder()
        var shorter = 0
        for count in 0..<file.count {
            do {
                let read = try readBlocks(Array(file[..<count]), decoder: decoder, block: 128, piece: 50)
                #expect(read.content.count < bytes.count && bytes.starts(with: read.content))
                shorter += 1
            } catch let error as ChunkError {
                #expect(error.code == .corrupt)
            }
        }
        #expect(shorter < 4)
        let oneFrame = try makeFile(bytes, frame: 1 << 20)
        for count in 0..<oneFrame.count {
            #expect(throws: ChunkError.self) {
                try readBlocks(Array(oneFrame[..<count]), decoder: decoder, block: 128)
            }
        }
    }

    @Test func damagedFilesNeverPassWithOtherContent() throws {
        let decoder = try ChunkDecoder()
        var random = SeededRandom(6)
        var refused = 0
        for round in 0..<3000 {
            let bytes = makeLines((0..<(1 + random.below(20))).map { _ in random.below(200) }, seed: UInt64(round))
            var file = try makeFile(bytes, frame: 1 + random.below(2000))
            for _ in 0...random.below(3) {
                let place = random.below(file.count)
                switch random.below(4) {
                case 0: file[place] ^= 1 << UInt8(random.below(8))
                case 1: file[place] = UInt8(random.below(256))
                case 2: file.insert(UInt8(random.below(256)), at: place)
                default: file.append(UInt8(random.below(256)))
                }
            }
            do {
                let read = try readBlocks(
                    file, decoder: decoder, block: 1 + random.below(500), piece: 1 + random.below(99))
                #expect(read.content == bytes)
            } catch let error as ChunkError {
                refused += 1
                #expect(error.code == .corrupt || error.code == .lineTooLong)
            }
        }
        #expect(refused > 2500)
    }

    @Test(
        arguments: [
            [], [0], [UInt8](repeating: 0, count: 5000), Array("{\"a\":1}\n".utf8), [0x28, 0xB5, 0x2F, 0xFD],
            [0x1F, 0x8B, 8, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func strangersAreRefused(_ file: [UInt8]) throws {
        let failure = #expect(throws: ChunkError.self) {
            try readBlocks(file, decoder: ChunkDecoder(), block: 100)
        }
        #expect(failure?.code == .corrupt)
        #expect(failure?.message.contains("corrupt chunk") == true)
    }

    @Test func garbageBehindTheLastFrameIsRefused() throws {
        let file = try makeFile(makeLines([10], seed: 1), frame: 100)
        for tail in [[0], [1, 2, 3, 4, 5], [0x0A], Array("{}\n".utf8)] as [[UInt8]] {
            #expect(throws: ChunkError.self) { try readBlocks(file + tail, decoder: ChunkDecoder(), block: 100) }
        }
    }

    @Test func anUnendedLineIsRefused() throws {
        let file = try makeFile(Array("{\"a\":1}\n{\"b\"".utf8), frame: 100)
        let failure = #expect(throws: ChunkError.self) { try readBlocks(file, decoder: ChunkDecoder(), block: 100) }
        #expect(failure?.message.contains("line feed") == true)
    }

    @Test func windowsBeyondTheBoundAreRefused() throws {
        // Magic, descriptor (checksum, no single segment), window descriptor of 2^31 bytes.
        let file: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x04, 0xA8, 0x01, 0x00, 0x00, 0, 0, 0, 0]
        let failure = #expect(throws: ChunkError.self) { try readBlocks(file, decoder: ChunkDecoder(), block: 100) }
        #expect(failure?.code == .corrupt)
    }

    @Test func errorsOfTheReaderPassThroughAndStay() throws {
        struct Broken: Error {}
        let lines = try ChunkLineBlocks { _ in throw Broken() }
        let block = RawBuffer()
        #expect(throws: Broken.self) { try lines.nextBlock(into: block) }
        #expect(throws: Broken.self) { try lines.nextBlock(into: block) }
    }
}
