internal import HTTP
internal import JSON

/// What the pager wants to know of a page whose records were handed on.
struct HTTPPage {
    /// Elements of the page, refused ones included: a page is not short because of them.
    private(set) var elements = 0
    /// Those that are objects.
    private(set) var objects = 0
    /// Of the last one, the field that the next page depends on.
    private(set) var last: String?
    /// What stands at the place in the answer that the next page depends on.
    private(set) var captured: String?

    /// A body that is no page.
    struct Malformed: Error {
        let reason: String
    }

    /// Reads a page where it lies; at least `RawBuffer.padding` bytes behind it can be read.
    ///
    /// - Parameters:
    ///   - records: where the records are in it.
    ///   - take: takes a record that was just scanned; the reason when it is refused.
    ///   - refuse: takes note of an element that was refused: where it lies, its number from 1, and why.
    /// - Throws: ``Malformed``, and what `take` throws.
    init(
        _ base: UnsafePointer<UInt8>, _ count: Int, records: [String], _ pager: Pager, _ scanner: inout RecordScanner,
        take: (Range<Int>, borrowing RecordScanner) throws -> RecordFault?,
        refuse: (Range<Int>, Int, RecordFault) -> Void
    ) throws {
        guard count > 0 else { throw Malformed(reason: "the answer is empty") }
        if let bad = validUTF8(base, count) { throw Malformed(reason: "no UTF-8 at byte \(bad)") }
        var reader = DocumentReader(base, count, records: records, capture: pager.pointer.map { [$0] } ?? [])
        var field: Field?
        do {
            while let range = try reader.next(&scanner) {
                elements += 1
                guard reader.elementKind == .object else {
                    refuse(
                        range, elements,
                        RecordFault(reason: "the element is \(reader.elementKind.described), not an object"))
                    continue
                }
                objects += 1
                if let name = pager.field { field = Fields.find(name, scanner, base) }
                if let fault = try take(range, scanner) { refuse(range, elements, fault) }
            }
            if reader.isMissing { throw Malformed(reason: reader.missingError.message) }
        } catch let error as JSONError {
            throw Malformed(reason: error.message)
        }
        if let value = reader.captured.first ?? nil, value.kind != .null { captured = try reader.text(of: value) }
        last = try field.flatMap { try Fields.text($0, base) }
    }

    /// A 200 whose body is cut or does not parse passes for a hiccup of the source: transient.
    static func error(_ malformed: Malformed, _ response: HTTPResponse, bytes: Int) -> ExtractError {
        let type = response.header("content-type") ?? "no content type"
        return ExtractError(
            .transient,
            "\(response.description) with \(bytes) bytes (\(type)) is no usable page: \(malformed.reason)")
    }

    /// Moves `pager` behind this page.
    ///
    /// - Parameter url: the request's, for the message when the source gives the same place again.
    /// - Returns: whether there is another one.
    func advance(_ pager: inout Pager, followsLinks: Bool, _ response: HTTPResponse, url: String) throws -> Bool {
        let previous = pager
        let isMore = try pager.advance(
            rows: elements, objects: objects, last: last, captured: captured,
            link: followsLinks ? try response.nextLink() : nil, url: response.effectiveURL)
        if isMore, pager == previous { throw ExtractError(.configuration, pager.stuck(url)) }
        return isMore
    }
}
