/// What tells one state of a source file from another.
///
/// Taken before the file is read; whoever reads it takes it again afterwards, and reads the file anew when the two
/// differ.
package struct FileIdentity: Sendable, Equatable {
    /// Relative path.
    package let path: String
    /// Size in bytes, as it is on disk.
    package let size: Int64
    /// Time of the last modification, nanoseconds since 1970-01-01 UTC.
    package let modifiedNanoseconds: Int64
    /// Hash of the content, when somebody computed it; any text, compared as such.
    package let contentHash: String?

    /// Makes an identity.
    package init(path: String, size: Int64, modifiedNanoseconds: Int64, contentHash: String? = nil) {
        self.path = path
        self.size = size
        self.modifiedNanoseconds = modifiedNanoseconds
        self.contentHash = contentHash
    }

    /// The path byte for byte. Equal strings are not always equal paths: Swift compares by canonical equivalence, a
    /// file system does not.
    package var pathKey: [UInt8] { Array(path.utf8) }

    /// Equal in every part, the path byte for byte.
    package static func == (left: FileIdentity, right: FileIdentity) -> Bool {
        left.size == right.size && left.modifiedNanoseconds == right.modifiedNanoseconds
            && left.contentHash == right.contentHash && left.path.utf8.elementsEqual(right.path.utf8)
    }

    /// Whether the file still holds what it held as `other`. With both hashes known, size and hash decide (a file
    /// merely touched is the same); otherwise size and time.
    package func isSameContent(as other: FileIdentity) -> Bool {
        guard pathKey == other.pathKey, size == other.size else { return false }
        if let contentHash, let otherHash = other.contentHash { return contentHash == otherHash }
        return modifiedNanoseconds == other.modifiedNanoseconds
    }
}
