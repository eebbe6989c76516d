internal import Chunk
internal import Configuration
internal import JSON
package import Manifest
internal import Spool
internal import Storage
internal import Threads

/// The first rows of a stream, and what its schema would be.
package struct PartitionPreview: Sendable {
    package var partition: Manifest.Partition
    package var schema: [Column]
    /// Records as JSON texts.
    package var rows: [String]
    /// How many records of the page were refused, and why the first of them was.
    package var refused: (count: Int, reason: String)?

    /// Columns of the stream's key that no record has: every row would be refused.
    package func missingKey(_ plan: StreamPlan) -> [String] {
        let known = Set(schema.map(\.name.bytes) + partition.fields.map(\.name.bytes))
        return plan.settings.primaryKey.filter { !known.contains($0.bytes) }
    }

    /// Reads the first page of the first partition of `plan` into the throw-away spool of `context`.
    package static func first(_ plan: StreamPlan, context: ExtractContext, limit: Int) throws -> PartitionPreview {
        guard let partition = plan.partitions.first else {
            throw ExtractError(.configuration, "\(plan.settings.job): no file matches source.path")
        }
        let run = context.spool.newRun()
        var manifest = RunManifest(
            spool: context.spool.id, run: run, job: plan.settings.job, stream: plan.settings.name, targets: [],
            partition: partition, mode: plan.settings.mode, key: plan.settings.primaryKey, table: plan.settings.table,
            priority: 0, generation: run, base: 0, isFinal: true, fingerprint: plan.fingerprint)
        manifest.started = context.spool.timestamp
        let writer = try RunWriter(context.spool, manifest, heart: context.heart, deadline: 600)
        // One page, one chunk: a smaller one would cut the page of a file.
        let sink = RecordSink(
            writer, limits: RecordSink.Limits(rows: .max, bytes: .max), declarations: plan.settings.declarations,
            shape: plan.settings.shape)
        defer { sink.abandon() }
        let reader: any SourceReader
        let rejects = InputRejects(writer)
        do {
            reader = try plan.reader(
                partition, rank: 0,
                files: try plan.files(of: partition, context, isCancelled: { context.stop.isStopped }),
                context: context, from: .null, resume: .null,
                rejects: rejects, isCancelled: { context.stop.isStopped })
            // The first parents may have no records.
            var pages = 0
            while pages < 20, sink.rows == 0, try reader.nextPage(into: sink) { pages += 1 }
            try context.benches.with(rank: 0) { try sink.finish($0) }
        } catch { throw ExtractError(error) }
        var rows: [String] = []
        if !writer.manifest.chunks.isEmpty {
            let path = "\(context.spool.writing(run))/\(FileNames.chunk(0))"
            let file = try context.files.open(path, .read, .inventoryRead)
            defer { try? context.files.close(file, .inventoryRead) }
            let blocks = try ChunkLineBlocks { room in try context.files.read(file, into: room, .inventoryRead) }
            let block = RawBuffer()
            if try blocks.nextBlock(into: block) {
                for line in block.bytes.split(separator: 10).prefix(limit) {
                    rows.append(String(decoding: line, as: UTF8.self))
                }
            }
        }
        return PartitionPreview(
            partition: partition, schema: writer.manifest.schema, rows: rows,
            refused: rejects.first.map { (rejects.count, $0.reason) })
    }
}
