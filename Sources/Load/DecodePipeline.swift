internal import Chunk
internal import JSON
internal import Manifest
internal import Spool
internal import Storage
internal import Threads

/// Reads, verifies and parses chunks, on a thread of its own ahead of the writer, and brings rows into key order.
///
/// Small chunks share a batch. As long as rows come in key order, batches are small; once they do not, they grow, so
/// that each one goes through the key's index once from its begin to its end.
final class DecodePipeline: Sendable {
    /// Sizes of batches, in bytes.
    struct Sizes: Sendable {
        /// Of what is decompressed and looked at in one go; eight of them may be on their way.
        var block: Int
        /// Of rows in key order, or without a key.
        var batch: Int
        /// Of rows that must be sorted.
        var sorting: Int
    }

    private let exchange: BatchExchange
    private let thread = Condition<ThreadHandle?>(nil)

    /// Starts decoding `works` in their order.
    ///
    /// - Parameters:
    ///   - plans: by number of the manifest; all of one table and key.
    ///   - isSortable: the table compares keys as bytes, so that a sort keeps equal keys in their order.
    ///   - isGrouping: small chunks may share a batch.
    ///   - spare: what ``end()`` of an earlier one has left.
    ///   - isAhead: see ``LoadOptions/decodesAhead``; all batches are in memory otherwise.
    init(
        files: any FileSystem, works: [ChunkWork], plans: [Int: ColumnPlan], sizes: Sizes, isSortable: Bool,
        isGrouping: Bool, spare: [RowBatch], isAhead: Bool
    ) {
        exchange = BatchExchange(limit: isAhead ? 8 * sizes.block : .max, spare: spare)
        let decode: @Sendable () -> Void = { [exchange] in
            let decoding = Decoding(
                files: files, works: works, plans: plans, sizes: sizes, isSortable: isSortable, isGrouping: isGrouping,
                exchange: exchange)
            decoding.run()
            exchange.end()
        }
        if isAhead {
            let handle = ThreadHandle.start(decode)
            thread.withLock { $0 = handle }
        } else {
            decode()
        }
    }

    /// The next batch; `nil` after the last.
    func next() -> RowBatch? { exchange.pop() }

    /// Gives a batch back to be filled again.
    func recycle(_ batch: RowBatch) { exchange.recycle(batch) }

    /// Ends the thread, whatever it does, and waits for it.
    ///
    /// - Returns: empty batches for another pipeline: fresh memory costs more than what is decoded into it.
    func end() -> [RowBatch] {
        exchange.cancel()
        thread.withLock { $0 }?.join()
        return exchange.takeSpare()
    }
}

/// The work of a pipeline's thread.
private final class Decoding {
    /// The writer lost interest.
    private struct Ended: Error {}

    private let files: any FileSystem
    private let works: [ChunkWork]
    private let plans: [Int: ColumnPlan]
    private let sizes: DecodePipeline.Sizes
    private let isSortable: Bool
    private let isGrouping: Bool
    private let exchange: BatchExchange
    private var sorter = KeyOrder()
    private var isSorting = false
    private var batch: RowBatch?

    init(
        files: any FileSystem, works: [ChunkWork], plans: [Int: ColumnPlan], sizes: DecodePipeline.Sizes,
        isSortable: Bool, isGrouping: Bool, exchange: BatchExchange
    ) {
        self.files = files
        self.works = works
        self.plans = plans
        self.sizes = sizes
        self.isSortable = isSortable
        self.isGrouping = isGrouping
        self.exchange = exchange
    }

    private var target: Int { isSorting ? max(sizes.sorting, sizes.batch) : sizes.batch }

    func run() {
        do {
            let blocks = ChunkLineBlocks(decoder: try ChunkDecoder(), blockSize: sizes.block) { _ in 0 }
            var index = 0
            while index < works.count {
                let run = works[index].run
                guard let plan = plans[run.number] else { return }
                var reader = RowReader(plan)
                repeat {
                    try decode(index, plan, blocks, &reader)
                    index += 1
                } while index < works.count && works[index].run === run
            }
            if let run = works.last?.run, let plan = plans[run.number] { try emit(plan) }
        } catch is Ended {
            return
        } catch {
            let batch = batch ?? RowBatch(columns: 0)
            batch.segments.append(BatchSegment(work: 0, isBegin: true, rows: 0..<0, state: .failed(LoadError(error))))
            _ = exchange.push(batch)
        }
    }

    /// Decodes one chunk; what is wrong with it becomes its state.
    private func decode(
        _ index: Int, _ plan: ColumnPlan, _ blocks: ChunkLineBlocks, _ reader: inout RowReader
    ) throws(Ended) {
        let entry = works[index].entry
        let columns = plan.width
        if let batch, !batch.segments.isEmpty {
            let expected = entry.bytes + RowBatch.weight(rows: entry.rows, columns: columns)
            if !isGrouping || batch.weight + expected > target { try emit(plan) }
        }
        begin(index, columns, isBegin: true)
        do {
            let problem = try read(index, plan, blocks, &reader)
            end(problem.map { .failed($0) } ?? .whole)
        } catch let ended as Ended {
            throw ended
        } catch {
            end(.failed(LoadError(error)))
        }
        // A chunk that stands in several batches ends with its last one.
        if let batch, batch.segments.last?.isBegin == false { try emit(plan) }
    }

    private func begin(_ index: Int, _ columns: Int, isBegin: Bool) {
        let batch = self.batch ?? exchange.spare(columns: columns)
        self.batch = batch
        batch.segments.append(
            BatchSegment(work: index, isBegin: isBegin, rows: batch.count..<batch.count))
    }

    private func end(_ state: BatchSegment.State) {
        guard let batch, let last = batch.segments.indices.last else { return }
        batch.segments[last].rows = batch.segments[last].rows.lowerBound..<batch.count
        batch.segments[last].state = state
    }

    /// Hands the batch over, its rows in key order.
    private func emit(_ plan: ColumnPlan) throws(Ended) {
        guard let batch else { return }
        self.batch = nil
        if isSortable { isSorting = sorter.sort(batch, plan.key) }
        guard exchange.push(batch) else { throw Ended() }
    }

    /// What is still to come of a chunk, as a weight: a small rest goes along, as each batch walks through the key's index.
    private func rest(of work: ChunkWork, _ bytes: Int, _ batch: RowBatch) -> Int {
        let factor = Double(batch.weight) / Double(max(1, batch.lines.count))
        return Int(Double(work.entry.bytes - bytes) * factor)
    }

    /// Reads the whole file; what is wrong with its content comes back.
    private func read(
        _ index: Int, _ plan: ColumnPlan, _ blocks: ChunkLineBlocks, _ reader: inout RowReader
    ) throws -> LoadError? {
        let work = works[index]
        let file = try files.open(work.path, .read, .claimOpen)
        defer { try? files.close(file, .claimClose) }
        var hash = SHA256Stream()
        blocks.restart { [files] room in
            let count = try files.read(file, into: room, .claimRead)
            hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<count]))
            return count
        }
        var lines = 0
        var bytes = 0
        var content = RowHash()
        while let batch {
            let start = batch.lines.count
            guard try blocks.appendBlock(to: batch.lines) else { break }
            let added = UnsafeRawBufferPointer(rebasing: batch.lines.bytes[start...])
            bytes += added.count
            guard bytes <= work.entry.bytes else {
                return LoadError(
                    .corruption, "\(work.path): more than the \(work.entry.bytes) bytes of lines that the manifest says"
                )
            }
            if let bad = validUTF8(batch.lines.base + start, added.count) {
                return LoadError(.corruption, "\(work.path): not UTF-8 at byte \(bytes - added.count + bad)")
            }
            _ = content.addLines(added)
            lines += reader.read(
                batch, from: start, work: index, sequence: work.entry.sequence, firstLine: lines + 1)
            if isSortable, !isSorting, batch.weight >= target { isSorting = !sorter.isSorted(batch, plan.key) }
            if batch.weight >= target, batch.segments.count == 1, rest(of: work, bytes, batch) > target / 2 {
                end(.open)
                try emit(plan)
                begin(index, plan.width, isBegin: false)
            }
        }
        let found = hash.finalize()
        guard found == work.entry.sha256 else {
            return LoadError(
                .corruption,
                "\(work.path): SHA-256 is \(found), the manifest says \(work.entry.sha256): the file was damaged or edited"
            )
        }
        guard lines == work.entry.rows, bytes == work.entry.bytes, content.value == work.entry.content else {
            return LoadError(
                .corruption, "\(work.path): \(lines) lines, the manifest says \(work.entry.rows), or other content")
        }
        return nil
    }
}
