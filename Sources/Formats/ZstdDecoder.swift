import CZstd

/// Decompresses a sequence of zstd frames (RFC 8878), checking the checksums they carry.
///
/// A frame may ask for a window of 128 MB at most, the library's own limit against hostile files.
final class ZstdDecoder {
    private let context: OpaquePointer
    private let name: String
    /// The last byte consumed ended a frame and all of it was handed out.
    private var isFrameComplete = false

    init(name: String) throws {
        self.name = name
        guard let context = ZSTD_createDCtx() else {
            throw FormatsError(.outOfMemory, "\(name): no memory for a zstd decoder")
        }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Decompresses into `buffer`; 0 at the end of the last frame.
    func read(from input: inout CompressedInput, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            try input.fill()
            if input.isEmpty, isFrameComplete { return 0 }
            let waiting = input.waiting
            var source = ZSTD_inBuffer(src: waiting.baseAddress, size: waiting.count, pos: 0)
            var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let status = ZSTD_decompressStream(context, &target, &source)
            input.consume(source.pos)
            if ZSTD_isError(status) != 0 {
                let offset = input.offset
                let detail = String(cString: ZSTD_getErrorName(status))
                throw FormatsError(
                    .corruptStream,
                    "\(name): the zstd data is damaged at byte \(offset) (\(detail)): fetch the file again",
                    byteOffset: offset)
            }
            isFrameComplete = status == 0
            if target.pos > 0 { return target.pos }
            if !isFrameComplete, input.isEmpty, input.isAtEnd {
                throw FormatsError(
                    .truncatedStream, "\(name): the zstd data is cut off at byte \(input.offset): fetch the file again",
                    byteOffset: input.offset)
            }
        }
    }
}
