import CZstd
import Foundation
import TestKit

@testable import Formats

/// Bytes in memory, handed out in pieces.
struct PieceSource: ByteSource {
    let bytes: [UInt8]
    let piece: Int
    var position = 0

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = min(piece, buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }
}

/// Endless or huge text made while it is read: `head`, then `unit` again and again up to `total` bytes, then `tail`.
struct MadeSource: ByteSource {
    let head: [UInt8]
    let unit: [UInt8]
    let total: Int
    let tail: [UInt8]
    var position = 0

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if position < head.count {
            buffer.copyBytes(from: head[position...].prefix(buffer.count))
            let count = min(buffer.count, head.count - position)
            position += count
            return count
        }
        if position < total {
            var count = 0
            while count < buffer.count, position < total {
                let offset = (position - head.count) % unit.count
                let length = min(unit.count - offset, buffer.count - count, total - position)
                UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyBytes(
                    from: unit[offset..<(offset + length)])
                count += length
                position += length
            }
            return count
        }
        let rest = tail[(position - total)...].prefix(buffer.count)
        buffer.copyBytes(from: rest)
        position += rest.count
        return rest.count
    }
}

/// A source that fails.
struct BrokenSource: ByteSource {
    struct Failure: Error, Equatable {}
    var inner: PieceSource

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try inner.read(into: buffer)
        if count == 0 { throw Failure() }
        return count
    }
}

/// Everything that a reader made of a file.
struct Reading: Equatable {
    var records: [String] = []
    var positions: [[UInt64]] = []
    var rejects: [RejectedRecord] = []
    var error: String?

    var lines: [UInt64] { positions.map { $0[1] } }

    init() {}

    init(_ reader: any RecordReader, targetBytes: Int = 1 << 20) {
        let block = RecordBlock(targetBytes: targetBytes)
        do {
            while try reader.read(into: block, reject: { rejects.append($0) }) {
                for index in block.records.indices {
                    let text = block.record(at: index)
                    precondition(text.last == 0x0a && !text.dropLast().contains(0x0a))
                    records.append(String(decoding: text.dropLast(), as: UTF8.self))
                    positions.append([block.records[index].ordinal, block.records[index].line])
                }
                precondition(block.bytes.count == block.records.last?.end)
            }
            // The end stays the end.
            let goesOn = try reader.read(into: block, reject: { rejects.append($0) })
            precondition(!goesOn)
        } catch {
            self.error = (error as? FormatsError).map { "\($0.code) \($0.byteOffset ?? 0)" } ?? "\(error)"
            // A failure stays a failure.
            precondition((try? reader.read(into: block, reject: { rejects.append($0) })) == nil)
        }
    }
}

/// Sizes of reads and of windows that cut a text everywhere.
let cuts: [(piece: Int, window: Int, target: Int)] = [
    (1, 16, 1), (3, 16, 40), (7, 23, 1), (64, 64, 100), (1 << 20, 100, 1 << 20), (1 << 20, 1 << 18, 1 << 20),
]

func readCSV(
    _ text: [UInt8], _ dialect: CSVDialect = .csv, limits: RecordLimits = RecordLimits(),
    cut: (piece: Int, window: Int, target: Int) = (1 << 20, 1 << 18, 1 << 20)
) throws -> Reading {
    let input = TextInput(PieceSource(bytes: text, piece: cut.piece), name: "t.csv", capacity: cut.window)
    return Reading(try CSVReader(input, dialect: dialect, limits: limits), targetBytes: cut.target)
}

func readNDJSON(
    _ text: [UInt8], limits: RecordLimits = RecordLimits(),
    cut: (piece: Int, window: Int, target: Int) = (1 << 20, 1 << 18, 1 << 20)
) -> Reading {
    let input = TextInput(PieceSource(bytes: text, piece: cut.piece), name: "t.ndjson", capacity: cut.window)
    return Reading(NDJSONReader(input, limits: limits), targetBytes: cut.target)
}

func readJSON(
    _ text: [UInt8], _ records: JSONPointer = .root, limits: RecordLimits = RecordLimits(),
    cut: (piece: Int, window: Int, target: Int) = (1 << 20, 1 << 18, 1 << 20)
) -> Reading {
    let input = TextInput(PieceSource(bytes: text, piece: cut.piece), name: "t.json", capacity: cut.window)
    return Reading(JSONArrayReader(input, records: records, limits: limits), targetBytes: cut.target)
}

extension SeededRandom {
    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

    /// Flips, cuts, repeats or inserts bytes.
    mutating func mutate(_ bytes: [UInt8], with special: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...below(4) where !result.isEmpty {
            let place = below(result.count)
            switch below(6) {
            case 0: result[place] = pick(special)
            case 1: result.insert(pick(special), at: place)
            case 2: result.remove(at: place)
            case 3: result[place] = UInt8(truncatingIfNeeded: next())
            case 4: result.removeSubrange(place..<min(result.count, place + below(20)))
            default: result.insert(contentsOf: result[place..<min(result.count, place + below(20))], at: place)
            }
        }
        return result
    }
}

/// Compresses by the system's own gzip.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-c"]
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("formats-\(UUID().uuidString)")
    try Data(bytes).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    process.standardInput = try FileHandle(forReadingFrom: input)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Array(data)
}

/// Compresses by libzstd into one frame with a checksum.
func zstandard(_ bytes: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let context = ZSTD_createCCtx()
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    let size = ZSTD_compress2(context, &result, result.count, bytes, bytes.count)
    precondition(ZSTD_isError(size) == 0)
    return Array(result[..<size])
}

/// Reads a source to its end.
func drain(_ source: any ByteSource, piece: Int = 64 << 10) throws -> [UInt8] {
    var source = source
    var result: [UInt8] = []
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
    defer { buffer.deallocate() }
    while true {
        let count = try source.read(into: buffer)
        if count == 0 { return result }
        result.append(contentsOf: buffer[..<count])
    }
}

extension Array where Element == UInt8 {
    init(text: String) { self = Array(text.utf8) }
}
