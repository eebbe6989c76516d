/// UTF-8 validity (RFC 3629), by the standard library's validator.
enum UTF8Check {
    /// Whether the bytes are UTF-8.
    @inline(never)
    static func isValid(_ start: UnsafePointer<UInt8>, count: Int) -> Bool {
        let bytes = UnsafeBufferPointer(start: start, count: count)
        return (try? UTF8Span(validating: bytes.span)) != nil
    }
}
