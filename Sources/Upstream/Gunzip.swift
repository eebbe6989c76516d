import Glibc

/// Decompression of gzip files (RFC 1952) by the system's zlib, which is loaded only when such a file is asked for.
enum Gunzip {
    private typealias Open = @convention(c) (Int32, UnsafePointer<CChar>) -> OpaquePointer?
    private typealias Read = @convention(c) (OpaquePointer, UnsafeMutableRawPointer, UInt32) -> Int32
    private typealias Close = @convention(c) (OpaquePointer) -> Int32

    /// Decompresses all of an open file, which it closes, into a temporary file without a name.
    static func expand(closing source: Int32) throws -> Int32 {
        let target: Int32
        let library: (open: Open, read: Read, close: Close)
        do {
            library = try load()
            target = try temporaryFile()
        } catch {
            Glibc.close(source)
            throw error
        }
        guard let stream = library.open(source, "rb") else {
            Glibc.close(source)
            Glibc.close(target)
            throw UpstreamError(.unreadable, "The gzip file cannot be opened.")
        }
        var complete = copy(from: stream, library.read, to: target)
        // A stream that ends too early is reported by close alone.
        if library.close(stream) != 0 { complete = false }
        guard complete else {
            Glibc.close(target)
            throw UpstreamError(.unreadable, "The gzip file is damaged or cut off, or there is no room to unpack it.")
        }
        return target
    }

    private static func copy(from stream: OpaquePointer, _ read: Read, to target: Int32) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1 << 18, alignment: 16) { buffer in
            guard let base = buffer.baseAddress else { return false }
            while true {
                let count = Int(read(stream, base, UInt32(buffer.count)))
                if count <= 0 { return count == 0 }
                var written = 0
                while written < count {
                    let result = write(target, base + written, count - written)
                    if result < 0 && errno == EINTR { continue }
                    if result <= 0 { return false }
                    written += result
                }
            }
        }
    }

    private static func load() throws -> (open: Open, read: Read, close: Close) {
        guard let library = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL), let open = dlsym(library, "gzdopen"),
            let read = dlsym(library, "gzread"), let close = dlsym(library, "gzclose")
        else {
            throw UpstreamError(.unreadable, "libz.so.1 is not installed; unpack the .gz files, or install zlib.")
        }
        return (
            unsafeBitCast(open, to: Open.self), unsafeBitCast(read, to: Read.self), unsafeBitCast(close, to: Close.self)
        )
    }

    private static func temporaryFile() throws -> Int32 {
        let directory = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(directory)/bobbin-upstream-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw UpstreamError(
                .unreadable, "No temporary file can be made in \(directory): \(String(cString: strerror(errno))).")
        }
        unlink(template)
        return descriptor
    }
}
