internal import Chunk
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// One claimed chunk to load.
struct ChunkWork: Sendable {
    var name: ClaimedName
    var path: String
    var entry: ChunkEntry
    var manifest: RunManifest
    var number: Int
}

/// What the decoding thread hands to the thread that writes.
enum Decoded: Sendable {
    case rows(work: Int, RowBatch)
    /// The whole file was read and is what the manifest says.
    case end(work: Int, lines: Int)
    case failed(work: Int, LoadError)
}

/// Reads, verifies and parses chunks on a thread of its own, a few batches ahead of the writer.
final class DecodePipeline: Sendable {
    private let ready = BlockingQueue<Decoded>(capacity: 4)
    private let spare = BlockingQueue<RowBatch>(capacity: 8)
    private let thread = Condition<ThreadHandle?>(nil)

    /// Starts decoding `works` in their order.
    ///
    /// - Parameters:
    ///   - plans: by index of the work.
    ///   - blockSize: bytes of lines a batch aims at.
    init(files: any FileSystem, works: [ChunkWork], plans: [ColumnPlan], blockSize: Int) {
        let handle = ThreadHandle.start { [ready, spare] in
            for (index, work) in works.enumerated() {
                do {
                    let lines = try DecodePipeline.decode(
                        files: files, work, plans[index], index, blockSize, ready: ready, spare: spare)
                    guard let lines, ready.push(.end(work: index, lines: lines)) else { return }
                } catch {
                    guard ready.push(.failed(work: index, LoadError(error))) else { return }
                }
            }
            ready.close()
        }
        thread.withLock { $0 = handle }
    }

    /// The next piece; `nil` after the last.
    func next() -> Decoded? { ready.pop() }

    /// Gives a batch back to be filled again.
    func recycle(_ batch: RowBatch) { spare.tryPush(batch) }

    /// Ends the thread, whatever it does, and waits for it.
    func end() {
        ready.cancel()
        spare.cancel()
        thread.withLock { $0 }?.join()
    }

    /// Decodes one chunk; `nil` when the writer lost interest.
    private static func decode(
        files: any FileSystem, _ work: ChunkWork, _ plan: ColumnPlan, _ index: Int, _ blockSize: Int,
        ready: BlockingQueue<Decoded>, spare: BlockingQueue<RowBatch>
    ) throws -> Int? {
        let file = try files.open(work.path, .read, .claimOpen)
        defer { try? files.close(file, .claimClose) }
        var hash = SHA256Stream()
        let blocks = ChunkLineBlocks(decoder: try ChunkDecoder(), blockSize: blockSize) { room in
            let count = try files.read(file, into: room, .claimRead)
            hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
            return count
        }
        var reader = RowReader(plan)
        var lines = 0
        var content = RowHash()
        while true {
            let batch = spare.tryPop { $0.columns == plan.targets.count } ?? RowBatch(columns: plan.targets.count)
            batch.removeAll()
            guard try blocks.nextBlock(into: batch.lines) else {
                spare.tryPush(batch)
                break
            }
            if let bad = validUTF8(batch.lines.base, batch.lines.count) {
                throw LoadError(.corruption, "\(work.path): not UTF-8 at byte \(bad) of a block")
            }
            _ = content.addLines(batch.lines.bytes)
            lines += reader.read(batch, firstLine: lines + 1)
            guard ready.push(.rows(work: index, batch)) else { return nil }
        }
        let found = hash.finalize()
        guard found == work.entry.sha256 else {
            throw LoadError(
                .corruption,
                "\(work.path): SHA-256 is \(found), the manifest says \(work.entry.sha256): the file was damaged or edited"
            )
        }
        guard lines == work.entry.rows, content.description == work.entry.content else {
            throw LoadError(
                .corruption, "\(work.path): \(lines) lines, the manifest says \(work.entry.rows), or other content")
        }
        return lines
    }
}
