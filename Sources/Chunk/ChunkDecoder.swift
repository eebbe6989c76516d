internal import CZstd

/// Decodes the zstd frames of a chunk file from pieces of any size, with flat memory; reusable for file after file.
///
/// Frames with a window above 128 MiB are refused. One thread at a time.
package final class ChunkDecoder {
    private let context: OpaquePointer
    private var isInsideFrame = false
    private var hasFrame = false

    /// Compressed bytes consumed since the last `reset`.
    package private(set) var compressedCount = 0

    /// A decoder at the beginning of a file.
    package init() throws(ChunkError) {
        guard let context = ZSTD_createDCtx() else { throw ChunkError(.compression, "zstd: out of memory") }
        self.context = context
        _ = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 27)
    }

    deinit {
        ZSTD_freeDCtx(context)
    }

    /// Begins a new file, whatever state the last one ended in.
    package func reset() {
        _ = ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        isInsideFrame = false
        hasFrame = false
        compressedCount = 0
    }

    /// Decodes until the input is used up or `output` holds `limit` bytes; returns the input bytes consumed.
    ///
    /// Call it again with the rest of the input; with `output` full and no input left there may still be bytes inside,
    /// so an empty input is fine too. After `corrupt` only `reset` helps.
    package func feed(
        _ input: UnsafeRawBufferPointer, into output: RawBuffer, limit: Int
    ) throws(ChunkError) -> Int {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while output.count < limit {
            let before = (read: source.pos, written: output.count)
            // Between frames an empty input would start a new one.
            if source.pos == source.size && !isInsideFrame { break }
            try output.append(capacity: limit - output.count) { room throws(ChunkError) in
                var target = ZSTD_outBuffer(dst: room, size: limit - output.count, pos: 0)
                let result = ZSTD_decompressStream(context, &target, &source)
                if ZSTD_isError(result) != 0 {
                    let reason = String(cString: ZSTD_getErrorName(result))
                    throw .corrupt(reason, at: compressedCount + Int(source.pos))
                }
                isInsideFrame = result != 0
                return Int(target.pos)
            }
            hasFrame = true
            if source.pos == before.read && output.count == before.written { break }
        }
        compressedCount += Int(source.pos)
        return Int(source.pos)
    }

    /// To be called at the end of the file: throws when it ended inside a frame or had none.
    package func finish() throws(ChunkError) {
        if isInsideFrame { throw .corrupt("the file ends inside a zstd frame", at: compressedCount) }
        if !hasFrame { throw .corrupt("the file is empty", at: compressedCount) }
    }
}
