internal import CZstd

/// Compresses blocks to zstd frames with checksum and content size; one context is used again and again.
///
/// A chunk file is a sequence of such frames and nothing else. One thread at a time.
package final class FrameCompressor {
    private let context: OpaquePointer

    /// A compressor of that level (1 to 19; 3 is zstd's and Bobbin's default).
    package init(level: Int = 3) throws(ChunkError) {
        guard let context = ZSTD_createCCtx() else { throw ChunkError(.compression, "zstd: out of memory") }
        self.context = context
        let level = Int32(max(1, min(level, 19)))
        for (parameter, value) in [
            (ZSTD_c_compressionLevel, level), (ZSTD_c_checksumFlag, 1), (ZSTD_c_contentSizeFlag, 1),
        ] {
            let result = ZSTD_CCtx_setParameter(context, parameter, value)
            if ZSTD_isError(result) != 0 { throw Self.failure(result) }
        }
    }

    deinit {
        ZSTD_freeCCtx(context)
    }

    /// Appends one complete frame that holds the input; an empty input gives a frame, too. The input is not in `output`.
    package func compress(_ input: UnsafeRawBufferPointer, into output: RawBuffer) throws(ChunkError) {
        let bound = ZSTD_compressBound(input.count)
        if ZSTD_isError(bound) != 0 { throw Self.failure(bound) }
        try output.append(capacity: Int(bound)) { room throws(ChunkError) in
            let written = ZSTD_compress2(context, room, bound, input.baseAddress, input.count)
            if ZSTD_isError(written) != 0 { throw Self.failure(written) }
            return Int(written)
        }
    }

    private static func failure(_ code: Int) -> ChunkError {
        ChunkError(.compression, "zstd could not compress: \(String(cString: ZSTD_getErrorName(code)))")
    }
}
