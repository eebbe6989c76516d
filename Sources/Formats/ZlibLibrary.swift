import CZlibABI
import Glibc

/// The four functions of libz.so.1 that inflating needs, found at run time.
///
/// Every Debian has the library (package zlib1g), few have its headers, and nothing but gzip needs it: so it is
/// neither linked nor required to build.
struct ZlibLibrary: Sendable {
    typealias Stream = UnsafeMutablePointer<bobbin_z_stream>
    typealias Initialise = @Sendable @convention(c) (Stream, Int32, UnsafePointer<CChar>, Int32) -> Int32
    typealias Inflate = @Sendable @convention(c) (Stream, Int32) -> Int32
    typealias Unary = @Sendable @convention(c) (Stream) -> Int32

    // Constants of the binary interface.
    static let ok: Int32 = 0
    static let streamEnd: Int32 = 1
    static let bufferError: Int32 = -5
    static let noFlush: Int32 = 0
    /// The largest window, and the gzip wrapper only.
    static let gzipWindowBits: Int32 = 15 + 16

    let inflateInit2: Initialise
    let inflate: Inflate
    let inflateReset: Unary
    let inflateEnd: Unary

    /// The loaded library, or why it cannot be used; settled once.
    static let shared: Result<ZlibLibrary, FormatsError> = load("libz.so.1")

    /// Loads `file` by the dynamic linker's usual search. The handle is kept for the life of the process.
    static func load(_ file: String) -> Result<ZlibLibrary, FormatsError> {
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else { return .failure(missing(file)) }
        guard let initialise = dlsym(handle, "inflateInit2_"), let inflate = dlsym(handle, "inflate"),
            let reset = dlsym(handle, "inflateReset"), let end = dlsym(handle, "inflateEnd")
        else { return .failure(missing(file)) }
        return .success(
            ZlibLibrary(
                inflateInit2: unsafeBitCast(initialise, to: Initialise.self),
                inflate: unsafeBitCast(inflate, to: Inflate.self),
                inflateReset: unsafeBitCast(reset, to: Unary.self),
                inflateEnd: unsafeBitCast(end, to: Unary.self)))
    }

    private static func missing(_ file: String) -> FormatsError {
        FormatsError(.libraryMissing, "gzip needs \(file), which cannot be loaded: install the package zlib1g")
    }
}
