package import JSON

/// Why a document of the spool cannot be read.
package struct ManifestError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, so that a reader can decide what to do.
    package enum Code: Sendable {
        /// Written by a newer program.
        case newerFormat
        /// Not JSON, or a key is missing or of the wrong type.
        case malformed
        /// The checksum does not fit.
        case checksum
    }

    /// The reason.
    package let code: Code
    /// The reason in words.
    package let message: String

    /// An error with its words.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

/// Reads the keys of one JSON object and says which one is wrong.
package struct ObjectReader {
    private let value: JSONValue
    private let what: String

    /// Reads `value`, an object named `what` in errors.
    package init(_ value: JSONValue, _ what: String) throws(ManifestError) {
        guard case .object = value else { throw ManifestError(.malformed, "\(what) is not a JSON object") }
        self.value = value
        self.what = what
    }

    /// Refuses documents of a newer format.
    package func checkFormat() throws(ManifestError) {
        let format = try integer("format")
        if format > RunManifest.format {
            throw ManifestError(
                .newerFormat,
                "\(what) has format \(format); this program reads up to \(RunManifest.format): use a newer bobbin")
        }
    }

    /// The value of `key`, or null.
    package func any(_ key: String) -> JSONValue { value[key] ?? .null }

    /// A string.
    package func string(_ key: String) throws(ManifestError) -> String {
        guard case .string(let text)? = value[key] else { throw wrong(key, "a string") }
        return text
    }

    /// An integer that fits `Int`.
    package func integer(_ key: String) throws(ManifestError) -> Int {
        guard case .integer(let number)? = value[key] else { throw wrong(key, "an integer") }
        return Int(number)
    }

    /// true or false.
    package func bool(_ key: String) throws(ManifestError) -> Bool {
        guard case .bool(let flag)? = value[key] else { throw wrong(key, "true or false") }
        return flag
    }

    /// A list of strings.
    package func strings(_ key: String) throws(ManifestError) -> [String] {
        var texts: [String] = []
        for item in try array(key) {
            guard case .string(let text) = item else { throw wrong(key, "a list of strings") }
            texts.append(text)
        }
        return texts
    }

    /// A list.
    package func array(_ key: String) throws(ManifestError) -> [JSONValue] {
        guard case .array(let items)? = value[key] else { throw wrong(key, "a list") }
        return items
    }

    /// A run id.
    package func run(_ key: String) throws(ManifestError) -> RunID {
        guard let run = RunID(try string(key)) else { throw wrong(key, "a run id") }
        return run
    }

    /// A SHA-256.
    package func sha256(_ key: String) throws(ManifestError) -> SHA256Value {
        guard let value = SHA256Value(try string(key)) else { throw wrong(key, "a SHA-256 of 64 hex digits") }
        return value
    }

    /// The content hash of rows.
    package func content(_ key: String) throws(ManifestError) -> UInt64 {
        guard let value = HexDigits.word(try string(key).utf8) else { throw wrong(key, "a hash of 16 hex digits") }
        return value
    }

    /// A list of name and value pairs.
    package func partition(_ key: String) throws(ManifestError) -> Partition {
        var fields: [Partition.Field] = []
        for item in try array(key) {
            guard case .array(let pair) = item, pair.count == 2, case .string(let name) = pair[0],
                case .string(let text) = pair[1]
            else { throw wrong(key, "a list of name and value pairs") }
            fields.append(Partition.Field(name: name, value: text))
        }
        return Partition(fields)
    }

    /// A number, with or without a fraction.
    package func double(_ key: String) throws(ManifestError) -> Double {
        switch value[key] {
        case .integer(let number)?: return Double(number)
        case .number(let text)?:
            if let number = Double(text) { return number }
            throw wrong(key, "a number")
        default: throw wrong(key, "a number")
        }
    }

    private func wrong(_ key: String, _ expected: String) -> ManifestError {
        ManifestError(.malformed, "\(what): \"\(key)\" is missing or is not \(expected)")
    }
}

extension Partition {
    /// A list of name and value pairs.
    package var json: JSONValue { .array(fields.map { .array([.string($0.name), .string($0.value)]) }) }

    /// Reads the text of `json`.
    package init(parsing text: String) throws {
        self = try ObjectReader(.record([("partition", try JSONValue(parsing: text))]), "a partition").partition(
            "partition")
    }
}

extension ChunkEntry {
    /// The entry as it stands in the manifest and beside a finished chunk.
    package var json: JSONValue {
        .record([
            ("seq", .integer(Int64(sequence))), ("rows", .integer(Int64(rows))), ("bytes", .integer(Int64(bytes))),
            ("compressed", .integer(Int64(compressed))), ("sha256", .string(sha256.description)),
            ("content", .string(HexDigits.render(content))), ("cursor", cursor),
        ])
    }

    /// Reads an entry.
    package init(_ value: JSONValue) throws(ManifestError) {
        let reader = try ObjectReader(value, "a chunk's entry")
        self.init(
            sequence: try reader.integer("seq"), rows: try reader.integer("rows"), bytes: try reader.integer("bytes"),
            compressed: try reader.integer("compressed"), sha256: try reader.sha256("sha256"),
            content: try reader.content("content"), cursor: reader.any("cursor"))
    }
}

extension Guards {
    var json: JSONValue {
        // What is not asked for is not written: manifests from before there was such a thing stay as they are.
        let tables: [(String, JSONValue)] = freezesTables ? [("tables", "freeze")] : []
        return .record(
            [
                ("allow_empty", .bool(allowEmpty)), ("min_share", .number("\(minimumShare)")),
                ("max_reject_rows", .integer(Int64(maximumRejectRows))),
                ("max_reject_share", .number("\(maximumRejectShare)")),
                ("columns", .string(columns.rawValue)), ("types", .string(types.rawValue)),
            ] + tables)
    }

    init(_ value: JSONValue) throws(ManifestError) {
        let reader = try ObjectReader(value, "guards")
        self.init()
        allowEmpty = try reader.bool("allow_empty")
        minimumShare = try reader.double("min_share")
        maximumRejectRows = try reader.integer("max_reject_rows")
        maximumRejectShare = try reader.double("max_reject_share")
        columns = try Guards.policy(reader, "columns")
        types = try Guards.policy(reader, "types")
        freezesTables = reader.any("tables") == .string("freeze")
    }

    private static func policy(_ reader: ObjectReader, _ key: String) throws(ManifestError) -> ContractPolicy {
        let text = try reader.string(key)
        guard let policy = ContractPolicy(rawValue: text) else {
            throw ManifestError(.malformed, "the manifest's guards have an unknown policy \"\(text)\" for \(key)")
        }
        return policy
    }
}

extension Column {
    /// Columns as they stand in a schema.
    package static func json(_ columns: [Column]) -> JSONValue {
        .array(
            columns.map { column in
                let precision: [(String, JSONValue)] =
                    column.precision.map {
                        [("digits", .integer(Int64($0.digits))), ("scale", .integer(Int64($0.scale)))]
                    } ?? []
                let foreign: [(String, JSONValue)] = column.isForeign ? [("foreign", true)] : []
                return .record(
                    [("name", .string(column.name)), ("type", .string(column.type.rawValue))] + precision + foreign)
            })
    }

    /// Reads a schema.
    package static func parse(_ items: [JSONValue]) throws(ManifestError) -> [Column] {
        var columns: [Column] = []
        for item in items {
            let reader = try ObjectReader(item, "a column")
            guard let type = LogicalType(rawValue: try reader.string("type")) else {
                throw ManifestError(.malformed, "a column has an unknown type \"\(try reader.string("type"))\"")
            }
            var column = Column(name: try reader.string("name"), type: type)
            if reader.any("digits") != .null {
                column.precision = Precision(digits: try reader.integer("digits"), scale: try reader.integer("scale"))
            }
            column.isForeign = reader.any("foreign") == .bool(true)
            columns.append(column)
        }
        return columns
    }
}

extension RunManifest {
    /// The document's bytes, with its checksum.
    package func encoded() -> [UInt8] {
        let shaped: [(String, JSONValue)] =
            (isShaped ? [("shaped", true)] : []) + (isPart ? [("part", true)] : [])
        let head = JSONValue.record(
            [
                ("format", .integer(Int64(isStaged ? RunManifest.format : RunManifest.firstFormat))),
                ("kind", .string(kind.rawValue)),
                ("spool", .string(spool)), ("run", .string(run.text)), ("job", .string(job)),
                ("stream", .string(stream)),
                ("targets", .array(targets.map { .string($0) })), ("partition", partition.json),
                ("mode", .string(mode.rawValue)), ("key", .array(key.map { .string($0) })), ("table", .string(table)),
                ("priority", .integer(Int64(priority))), ("generation", .string(generation.text)),
                ("base", .integer(Int64(base))), ("final", .bool(isFinal)), ("fingerprint", .string(fingerprint)),
                ("guards", guards.json), ("cursor", .record([("from", cursorFrom), ("to", cursorTo)])),
                ("schema", Column.json(schema)),
            ] + shaped + changes.members)
        let tail = JSONValue.record([
            ("rows", .integer(Int64(rows))), ("bytes", .integer(Int64(bytes))), ("rejected", .integer(Int64(rejected))),
            ("retries", .integer(Int64(retries))), ("started", .string(started)), ("sealed", .string(sealed)),
            ("extractor", .string(extractor)), ("parent", parent.map { .string($0.text) } ?? .null),
            ("checksum", .string("")),
        ])
        var bytes = head.serialized(with: "chunks", chunks.lazy.map(\.json), tail)
        let digits = HexDigits.render(bytes.withUnsafeBytes { xxh64($0) })
        bytes.insert(contentsOf: digits.utf8, at: bytes.count - 2)
        return bytes
    }

    /// Reads a document and checks it against itself.
    package init(decoding bytes: [UInt8]) throws(ManifestError) {
        var decoder = ManifestDecoder()
        bytes.withUnsafeBytes { decoder.add($0) }
        self = try decoder.finish()
    }
}

/// Reads a manifest that comes in pieces: of its entries, which may be a hundred thousand, only the values stay.
package struct ManifestDecoder {
    private static let end = Array("\"}".utf8)
    /// The checksum's digits and what ends the document.
    private static let tail = 18

    /// How much of the list of chunks is read.
    package enum Chunks: Sendable {
        /// All of it.
        case whole
        /// All but the cursors, which only the source understands.
        case withoutCursors
        /// Nothing: the manifest comes back without chunks.
        case left
    }

    private let chunks: Chunks
    private var list = ListDecoder<ChunkEntry>("chunks")
    private var hash = XXH64Stream()
    /// The last bytes so far, which may be the checksum.
    private var last: [UInt8] = []

    /// - Parameter chunks: how much of them is read.
    package init(_ chunks: Chunks = .whole) { self.chunks = chunks }

    /// Takes the next bytes of the document.
    package mutating func add(_ piece: UnsafeRawBufferPointer) {
        switch chunks {
        case .whole: list.add(piece) { value throws(ManifestError) in try ChunkEntry(value) }
        case .withoutCursors:
            list.add(piece) { value throws(ManifestError) in
                var entry = try ChunkEntry(value)
                entry.cursor = .null
                return entry
            }
        case .left: list.add(piece, nil)
        }
        // All but the last bytes is under the checksum.
        let surplus = max(0, last.count + piece.count - ManifestDecoder.tail)
        let old = min(surplus, last.count)
        last.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<old])) }
        last.removeFirst(old)
        hash.update(UnsafeRawBufferPointer(rebasing: piece[..<(surplus - old)]))
        last.append(contentsOf: piece[(surplus - old)...])
    }

    /// The manifest, once all bytes were added.
    package consuming func finish() throws(ManifestError) -> RunManifest {
        let (value, chunks) = try list.finish("the manifest")
        var manifest = try RunManifest(value)
        manifest.chunks = chunks
        guard isSound else {
            throw ManifestError(.checksum, "the manifest's checksum does not fit its text: it was damaged or edited")
        }
        for (index, chunk) in chunks.enumerated() where chunk.sequence != index {
            throw ManifestError(.malformed, "the manifest's chunks are not numbered from 0")
        }
        return manifest
    }

    /// Whether the document ends in the checksum of all that stands around it.
    private var isSound: Bool {
        guard last.count == ManifestDecoder.tail, last.suffix(2).elementsEqual(ManifestDecoder.end) else {
            return false
        }
        var hash = hash
        ManifestDecoder.end.withUnsafeBytes { hash.update($0) }
        return HexDigits.word(last.dropLast(2)) == hash.finalize()
    }
}

extension RunManifest {
    /// Reads all but the chunks.
    fileprivate init(_ value: JSONValue) throws(ManifestError) {
        let reader = try ObjectReader(value, "the manifest")
        let cursor = try ObjectReader(reader.any("cursor"), "the manifest's cursor")
        guard let kind = Kind(rawValue: try reader.string("kind")),
            let mode = WriteMode(rawValue: try reader.string("mode"))
        else { throw ManifestError(.malformed, "the manifest has an unknown kind or mode") }
        self.init(
            spool: try reader.string("spool"), run: try reader.run("run"), job: try reader.string("job"),
            stream: try reader.string("stream"), targets: try reader.strings("targets"),
            partition: try reader.partition("partition"), mode: mode, key: try reader.strings("key"),
            table: try reader.string("table"), priority: try reader.integer("priority"),
            generation: try reader.run("generation"), base: try reader.integer("base"),
            isFinal: try reader.bool("final"), fingerprint: try reader.string("fingerprint"))
        self.kind = kind
        guards = try Guards(reader.any("guards"))
        isShaped = reader.any("shaped") == .bool(true)
        changes = try RowChanges(reader)
        isPart = reader.any("part") == .bool(true)
        cursorFrom = cursor.any("from")
        cursorTo = cursor.any("to")
        schema = try Column.parse(try reader.array("schema"))
        rejected = try reader.integer("rejected")
        retries = try reader.integer("retries")
        started = try reader.string("started")
        sealed = try reader.string("sealed")
        extractor = try reader.string("extractor")
        if case .string(let text) = reader.any("parent") { parent = RunID(text) }
        guard (0...99).contains(priority) else { throw ManifestError(.malformed, "priority is not in 0...99") }
    }
}
