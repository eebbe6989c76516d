internal import JSON

/// Reads a document that is small but for one list: its elements become values while the bytes come.
struct ListDecoder<Element> {
    private let key: String
    private var splitter: ListSplitter
    private var elements: [Element] = []
    private var failure: ManifestError?

    /// - Parameter key: the list's.
    init(_ key: String) {
        self.key = key
        splitter = ListSplitter(key: key)
    }

    /// Takes the next bytes of the document.
    ///
    /// - Parameter read: makes a value of an element; without it elements are passed over unread.
    mutating func add(
        _ piece: UnsafeRawBufferPointer, _ read: ((JSONValue) throws(ManifestError) -> Element)?
    ) {
        splitter.add(piece) { text in
            guard let read, failure == nil else { return }
            do throws(JSONError) {
                let value = try JSONValue(parsing: text)
                do throws(ManifestError) { elements.append(try read(value)) } catch { failure = error }
            } catch {
                failure = ManifestError(.malformed, "element \(elements.count) of \"\(key)\": \(error.message)")
            }
        }
    }

    /// The document with an empty list, and the list's elements; not of a newer format.
    ///
    /// - Parameter what: the document's name in errors.
    consuming func finish(_ what: String) throws(ManifestError) -> (rest: JSONValue, elements: [Element]) {
        let rest: JSONValue
        do { rest = try JSONValue(parsing: splitter.finish()) } catch {
            throw ManifestError(.malformed, "not \(what): \(error.message)")
        }
        // A newer document is called so before its elements are called malformed.
        try ObjectReader(rest, what).checkFormat()
        if let failure { throw failure }
        guard rest[key]?.elements?.isEmpty == true else {
            throw ManifestError(.malformed, "not \(what): \"\(key)\" is missing or is not a list")
        }
        return (rest, elements)
    }
}
