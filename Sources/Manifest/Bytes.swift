/// Names and values from outside are bytes. Swift's `==` takes texts for equal that Unicode calls equivalent (an e with an
/// accent as one code point or as two), while file systems, JSON keys and SQL tell them apart.
extension String {
    /// Whether the bytes are the same.
    package func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The bytes, as a key of a set or a dictionary.
    package var bytes: [UInt8] { Array(utf8) }
}

extension Hasher {
    /// Feeds the bytes of `text`, and their end.
    mutating func combine(bytes text: String) {
        for byte in text.utf8 { combine(byte) }
        combine(UInt8(0xFF))
    }
}
