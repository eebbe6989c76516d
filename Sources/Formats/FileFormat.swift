/// The form of the records in a source file.
package enum FileFormat: String, Sendable, CaseIterable {
    /// Comma-separated, RFC 4180.
    case csv
    /// The same with tabs.
    case tsv
    /// One JSON object a line.
    case ndjson
    /// One JSON document that holds an array of objects.
    case json

    /// The format that a file's name tells: `.csv .tsv .ndjson .jsonl .json`, in any case of letters, each also with
    /// `.gz` or `.zst` behind it; nil for other names, whose format has to be configured.
    package init?(fileName: String) {
        var parts = fileName.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .map { part in String(decoding: part.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self) }
        if let last = parts.last, last == "gz" || last == "zst" { parts.removeLast() }
        guard parts.count > 1, let last = parts.last else { return nil }
        switch last {
        case "csv": self = .csv
        case "tsv": self = .tsv
        case "ndjson", "jsonl": self = .ndjson
        case "json": self = .json
        default: return nil
        }
    }
}

/// How a source file is read: what its configuration says, or the built-in.
package struct ReadingOptions: Sendable, Equatable {
    /// Format; nil asks the file's name.
    package var format: FileFormat?
    /// Compression; by default asked of the first bytes.
    package var decompression: Decompression
    /// For CSV and TSV; nil is RFC 4180 with the format's own delimiter and a header.
    package var dialect: CSVDialect?
    /// For JSON documents: where the array is.
    package var records: JSONPointer
    /// Bounds of memory.
    package var limits: RecordLimits

    /// Makes options; what is not given is built in.
    package init(
        format: FileFormat? = nil, decompression: Decompression = .auto, dialect: CSVDialect? = nil,
        records: JSONPointer = .root, limits: RecordLimits = RecordLimits()
    ) {
        self.format = format
        self.decompression = decompression
        self.dialect = dialect
        self.records = records
        self.limits = limits
    }

    /// A reader for the file of this path, whose bytes as they are on disk come from `source`.
    ///
    /// - Throws: ``FormatsError/Code/badOption`` when the format is unknown or an option contradicts itself. Nothing is
    ///   read yet.
    package func reader(_ source: any ByteSource, path: String) throws -> any RecordReader {
        guard let format = format ?? FileFormat(fileName: path) else {
            throw FormatsError(
                .badOption,
                "\(path): the name does not tell the format: set `format` to csv, tsv, ndjson or json")
        }
        let text = InflatingSource(source, decompression, name: path)
        switch format {
        case .ndjson: return NDJSONReader(text, name: path, limits: limits)
        case .json: return JSONArrayReader(text, name: path, records: records, limits: limits)
        case .csv: return try CSVReader(text, name: path, dialect: dialect ?? .csv, limits: limits)
        case .tsv: return try CSVReader(text, name: path, dialect: dialect ?? .tsv, limits: limits)
        }
    }
}
