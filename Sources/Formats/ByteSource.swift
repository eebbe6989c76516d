/// Where the bytes of one source file come from: an open file, a response body, a decompressor.
///
/// The module opens nothing itself; whoever owns the file system passes one of these in. Reads block.
package protocol ByteSource {
    /// Reads up to `buffer.count` bytes (never asked with an empty buffer).
    ///
    /// - Returns: how many bytes were stored, at least 1; 0 means the end, and stays 0.
    /// - Throws: whatever the source meets; readers pass it on unchanged.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}
