/// A ``ByteSource`` that undoes the compression of another one, with a fixed amount of memory.
///
/// Concatenated gzip members and zstd frames are one stream. A stream that is cut, damaged or followed by garbage
/// throws a ``FormatsError`` with the offset in the compressed file, and throws it again on every later read; what was
/// returned before passed the format's own checks only as far as its checksums reach.
package final class InflatingSource: ByteSource {
    private enum Engine {
        case undecided
        case plain
        case gzip(GzipDecoder)
        case zstd(ZstdDecoder)
        case failed(any Error)
    }

    private var input: CompressedInput
    private var engine: Engine
    private let requested: Decompression
    private let name: String

    /// Wraps `upstream`; nothing is read yet. `name` (a path) is for messages.
    package init(_ upstream: any ByteSource, _ decompression: Decompression = .auto, name: String) {
        input = CompressedInput(upstream)
        engine = .undecided
        requested = decompression
        self.name = name
    }

    /// Bytes of the compressed file used so far, for progress.
    package var compressedOffset: UInt64 { input.offset }

    /// See ``ByteSource/read(into:)``.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard !buffer.isEmpty else { return 0 }
        do {
            if case .undecided = engine { engine = try chooseEngine() }
            switch engine {
            case .undecided, .plain: return try input.pass(into: buffer)
            case .gzip(let decoder): return try decoder.read(from: &input, into: buffer)
            case .zstd(let decoder): return try decoder.read(from: &input, into: buffer)
            case .failed(let error): throw error
            }
        } catch {
            engine = .failed(error)
            throw error
        }
    }

    private func chooseEngine() throws -> Engine {
        var chosen = requested
        if chosen == .auto {
            try input.fill(atLeast: Decompression.magicLength)
            chosen = Decompression.detect(input.waiting)
        }
        switch chosen {
        case .auto, .none: return .plain
        case .gzip: return .gzip(try GzipDecoder(name: name))
        case .zstd: return .zstd(try ZstdDecoder(name: name))
        }
    }
}
