/// What a scanned value is. The raw values are contiguous, so that tables can be indexed by them.
package enum FieldKind: UInt8, Sendable, Equatable, CaseIterable {
    case null
    case `true`
    case `false`
    /// A number without fraction and exponent, of any length; `-0` is a `number`.
    case integer
    /// A number with fraction or exponent, or `-0`.
    case number
    /// A string without escapes: its bytes are its value.
    case string
    /// A string with at least one escape: see `unescape(_:_:)`.
    case escapedString
    case object
    case array

    /// The kind with its article, for messages.
    package var described: String {
        switch self {
        case .null: "null"
        case .true, .false: "a boolean"
        case .integer, .number: "a number"
        case .string, .escapedString: "a string"
        case .object: "an object"
        case .array: "an array"
        }
    }
}

/// One member of a scanned record, as byte offsets from the scanned base; it owns nothing.
package struct Field: Sendable, Equatable {
    /// First byte of the key, inside its quotes.
    package let keyStart: Int32
    /// Bytes of the key, inside its quotes.
    package let keyLength: Int32
    /// First byte of the value; for strings inside the quotes.
    package let valueStart: Int32
    /// Bytes of the value; for strings inside the quotes.
    package let valueLength: Int32
    /// What the value is.
    package let kind: FieldKind
    /// Whether the key contains escapes, so that its bytes are not its name.
    package let keyEscaped: Bool

    /// A field at these places of the scanned bytes.
    @inlinable
    package init(
        keyStart: Int32, keyLength: Int32, keyEscaped: Bool, valueStart: Int32, valueLength: Int32, kind: FieldKind
    ) {
        self.keyStart = keyStart
        self.keyLength = keyLength
        self.valueStart = valueStart
        self.valueLength = valueLength
        self.kind = kind
        self.keyEscaped = keyEscaped
    }

    /// The key inside its quotes.
    @inlinable package var keyRange: Range<Int> {
        Range(uncheckedBounds: (Int(keyStart), Int(keyStart) &+ Int(keyLength)))
    }

    /// The value; for strings inside the quotes.
    @inlinable package var valueRange: Range<Int> {
        Range(uncheckedBounds: (Int(valueStart), Int(valueStart) &+ Int(valueLength)))
    }
}

/// One value of any kind, as byte offsets from the scanned base.
package struct ScannedValue: Sendable, Equatable {
    /// What the value is.
    package let kind: FieldKind
    /// First byte; for strings inside the quotes.
    package let start: Int
    /// Bytes; for strings inside the quotes.
    package let length: Int
    /// The first byte after the value, closing quote included.
    package let end: Int

    /// The value; for strings inside the quotes.
    package var range: Range<Int> { Range(uncheckedBounds: (start, start &+ length)) }
}
