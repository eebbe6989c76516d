/// One value on its way into a target: 16 bytes, text by offset.
struct Cell {
    enum Kind: UInt8 {
        case null
        case integer
        case double
        /// Text in the batch's lines.
        case text
        /// Text in the batch's side buffer: unescaped strings and constants.
        case side
        /// Bytes in the batch's side buffer.
        case bytes
    }

    /// The integer, the float64's bits, or the offset of the text.
    var bits: Int64
    /// Length of the text or bytes, in bytes.
    var length: Int32
    var kind: Kind

    static let null = Cell(bits: 0, length: 0, kind: .null)
}
