/// The answer of ListObjectsV2 (Amazon S3 API Reference), as far as it is needed: no XML parser, but a reader of the one
/// form that services write, elements without attributes of interest and the five entities.
struct S3Listing {
    private(set) var entries: [RemoteEntry] = []
    /// Where the next page begins; nil on the last one.
    private(set) var next: String?

    private var isTruncated = false
    private var isEncoded = false
    private let prefix: [UInt8]

    /// Reads `bytes`; nil when they are no such answer.
    init?(_ bytes: UnsafeRawBufferPointer, prefix: String) {
        self.prefix = Array(prefix.utf8)
        var reader = XMLReader(bytes)
        guard let root = reader.open(), root == "ListBucketResult" else { return nil }
        var objects: [[String: [UInt8]]] = []
        var folders: [[UInt8]] = []
        while let name = reader.open() {
            switch name {
            case "Contents":
                var fields: [String: [UInt8]] = [:]
                while let field = reader.open() {
                    guard let text = reader.text() else { return nil }
                    fields[field] = text
                }
                guard reader.close() else { return nil }
                objects.append(fields)
            case "CommonPrefixes":
                while let field = reader.open() {
                    guard let text = reader.text() else { return nil }
                    if field == "Prefix" { folders.append(text) }
                }
                guard reader.close() else { return nil }
            default:
                guard let text = reader.text() else { return nil }
                let value = String(decoding: text, as: UTF8.self)
                if name == "IsTruncated" { isTruncated = value == "true" }
                if name == "NextContinuationToken" { next = value }
                if name == "EncodingType" { isEncoded = value == "url" }
            }
        }
        guard reader.close() else { return nil }
        if !isTruncated { next = nil }
        // A page that says it is not the last one, and not where the next one begins, would pass for the end.
        if isTruncated, next?.isEmpty ?? true { return nil }
        for folder in folders {
            guard let name = relative(folder)?.dropLast() else { return nil }
            entries.append(RemoteEntry(name: Array(name), kind: .directory, object: nil))
        }
        for object in objects {
            guard let key = object["Key"], let name = relative(key) else { return nil }
            // The mark of a directory.
            if name.isEmpty { continue }
            guard let size = object["Size"].flatMap({ Int64(String(decoding: $0, as: UTF8.self)) }) else { return nil }
            let modified = object["LastModified"].flatMap { HTTPDate.nanoseconds(String(decoding: $0, as: UTF8.self)) }
            entries.append(
                RemoteEntry(
                    name: Array(name), kind: .file,
                    object: RemoteObject(
                        size: size, modified: modified ?? 0,
                        tag: object["ETag"].map(S3Listing.tag))))
        }
    }

    /// The ETag as the header has it: some services list it without its quotes.
    private static func tag(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.hasSuffix("\"") ? text : "\"\(text)\""
    }

    /// A key without the prefix; nil when it does not begin with it.
    private func relative(_ key: [UInt8]) -> ArraySlice<UInt8>? {
        let key = isEncoded ? PercentEncoding.decodedForm(key) : key
        return key.starts(with: prefix) ? key[prefix.count...] : nil
    }
}

/// Walks the elements of a document from its first to its last byte.
struct XMLReader {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Enters the next element of the one that is open, and gives its name; nil when none is left.
    mutating func open() -> String? {
        if isEmpty { return nil }
        while true {
            while at < bytes.count, bytes[at] != UInt8(ascii: "<") { at += 1 }
            guard at + 1 < bytes.count else { return nil }
            switch bytes[at + 1] {
            case UInt8(ascii: "?"), UInt8(ascii: "!"):
                while at < bytes.count, bytes[at] != UInt8(ascii: ">") { at += 1 }
            case UInt8(ascii: "/"): return nil
            default: return name()
            }
        }
    }

    /// Set by an element without content, which has no tag at its end.
    private var isEmpty = false

    private mutating func name() -> String? {
        let start = at + 1
        while at < bytes.count, bytes[at] != UInt8(ascii: ">") { at += 1 }
        guard at < bytes.count else { return nil }
        isEmpty = bytes[at - 1] == UInt8(ascii: "/")
        let tag = bytes[start..<(isEmpty ? at - 1 : at)].prefix { !" \t\r\n".utf8.contains($0) }
        at += 1
        return String(decoding: tag, as: UTF8.self)
    }

    /// The text of the element that was just entered, which is left; what lies in elements of its own is passed over.
    ///
    /// - Parameter depth: how deep in such elements; no service nests them so deep that the limit matters.
    mutating func text(depth: Int = 0) -> [UInt8]? {
        guard depth < 16 else { return nil }
        if isEmpty {
            isEmpty = false
            return []
        }
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "<") {
                guard open() != nil else { return close() ? text : nil }
                guard self.text(depth: depth + 1) != nil else { return nil }
            } else if byte == UInt8(ascii: "&") {
                guard let scalar = entity() else { return nil }
                text += Array(String(scalar).utf8)
            } else {
                text.append(byte)
                at += 1
            }
        }
        return nil
    }

    /// Leaves the element that is open; false where the document ends before.
    mutating func close() -> Bool {
        if isEmpty {
            isEmpty = false
            return true
        }
        while at + 1 < bytes.count, !(bytes[at] == UInt8(ascii: "<") && bytes[at + 1] == UInt8(ascii: "/")) { at += 1 }
        while at < bytes.count, bytes[at] != UInt8(ascii: ">") { at += 1 }
        guard at < bytes.count else { return false }
        at += 1
        return true
    }

    private mutating func entity() -> Unicode.Scalar? {
        let rest = bytes[(at + 1)...].prefix(12)
        guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
        at = end + 1
        let known: [String: Unicode.Scalar] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        if let scalar = known[name] { return scalar }
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let isHexadecimal = digits.hasPrefix("x")
        return UInt32(isHexadecimal ? digits.dropFirst() : digits, radix: isHexadecimal ? 16 : 10)
            .flatMap(Unicode.Scalar.init)
    }
}
