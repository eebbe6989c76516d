package import Configuration
package import Manifest
internal import Storage

/// One table or query made ready to be read.
package struct SQLPlan: Sendable {
    /// The stream with the name, the table and the key that it has for this table.
    package let stream: Configuration.Stream
    /// nil for a query.
    package let relation: SQLRelation?
    package let shape: SQLShape
    /// What stands behind FROM.
    let source: String
    let dialect: any SQLDialect
    let cursor: SQLColumn?
    /// Whether a table without a schema before its name would be this one.
    let isInDefaultSchema: Bool
    let open: SQLOpener

    /// The columns that its rows have once they are shaped.
    package var columns: [Column] {
        let columns = shape.columns.map { Column(name: $0.name, type: $0.type, precision: $0.precision) }
        guard let shape = stream.shape else { return columns }
        let added = shape.added.map { name in Column(name: name, type: stream.declarations[name] ?? .null) }
        return shape.shaped(columns) + added
    }

    /// How it is read, in words.
    package var reading: String {
        guard case .sql(let settings) = stream.source else { return "" }
        if let cursor = settings.cursor {
            return
                "what is new by \(cursor.column)\(cursor.lag > 0 ? ", and \(cursor.lag)\(isTimed ? " s" : "") before" : "")"
        }
        return order.isEmpty
            ? "everything, in one go" : "everything, in order of \(order.map(\.name).joined(separator: ", "))"
    }

    private var isTimed: Bool { cursor.map { $0.form != .integer && $0.form != .number } ?? false }

    /// Tells reads in one order from those in another: behind the last row of one, another one may have rows that neither has read.
    var orderMark: String {
        (cursor.map { [$0] } ?? shape.order).map { "\0\($0.name)\0\($0.native)" }.joined()
    }

    /// The columns that a full read is ordered by, so that it can be resumed; none where one chunk holds all.
    var order: [SQLColumn] {
        if let rows = relation?.rows, rows <= stream.chunk.rows, shape.hasSnapshot { return [] }
        return shape.order.allSatisfy(\.isOrderable) ? shape.order.map(\.ordering) : []
    }
}

extension SQLPlan {
    /// Refuses to load a table into itself: what a replacement deletes would be gone at the source.
    func refuseItself(in configuration: Settings, files: any FileSystem) throws(ExtractError) {
        let source = stream.source.connection
        guard let relation, isInDefaultSchema, let read = configuration.connections[source] else { return }
        let isNamed =
            read.foldsNames
            ? SQLPlan.folded(relation.name) == SQLPlan.folded(stream.table) : relation.name.isSame(as: stream.table)
        guard isNamed else { return }
        // Another name of the same place is the same place.
        let isHere = stream.targets.contains { name in
            guard let target = configuration.connections[name] else { return false }
            if name == source || target == read { return true }
            if let place = target.place, place == read.place { return true }
            guard let one = target.file, let other = read.file else { return false }
            return SQLPlan.isOne(one, other, files)
        }
        guard isHere else { return }
        throw ExtractError(
            .configuration,
            "\(stream.job)/\(stream.name): it would be loaded into the table that it is read from, \(relation.fullName) of connection "
                + "\(source): give the stream another `table`, or the job another target")
    }

    /// A name without the case of its ASCII letters, as SQLite compares names.
    private static func folded(_ name: String) -> [UInt8] {
        name.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Whether two paths are one file.
    private static func isOne(_ path: String, _ other: String, _ files: any FileSystem) -> Bool {
        guard let one = try? files.status(path, .sourceStatus), let two = try? files.status(other, .sourceStatus) else {
            return false
        }
        return one.device == two.device && one.inode == two.inode
    }
}

/// Makes plans of the relations that one stream stands for.
struct SQLResolution {
    let stream: Configuration.Stream
    let source: SQLSourceSettings
    let session: any SQLSession
    let open: SQLOpener

    /// - Returns: nil when it has no columns.
    func plan(_ relation: SQLRelation, name: String) throws -> SQLPlan? {
        let shape = try session.shape(of: relation)
        if shape.columns.isEmpty { return nil }
        var table = stream.table
        if !source.namesTarget {
            table = relation.name
        } else if stream.isPattern {
            table = table.replacing("{table}", with: relation.name)
                .replacing("{schema}", with: relation.schema ?? "")
        }
        return try plan(
            relation, shape, name: name, table: table, source: try SQLCatalog.quoted(relation, session.dialect))
    }

    func plan(query: String) throws -> SQLPlan {
        try plan(
            nil, try session.shape(of: query), name: stream.name, table: stream.table, source: SQLRead.source(of: query)
        )
    }

    private func plan(
        _ relation: SQLRelation?, _ found: SQLShape, name: String, table: String, source: String
    ) throws -> SQLPlan {
        var shape = found
        let place = "\(stream.job)/\(name)"
        for (index, column) in shape.columns.enumerated() {
            if shape.columns[..<index].contains(where: { $0.name.isSame(as: column.name) }) {
                throw ExtractError(
                    .configuration, "\(place): two columns are called \(column.name): give them different names (AS)")
            }
            // What is declared here goes before the catalogue.
            guard let outcome = stream.outcome(of: column.name), !outcome.isHashed,
                let declared = stream.columns[outcome.name]
            else { continue }
            shape.columns[index].type = declared
            if declared == .bytes, column.form == .text { shape.columns[index].form = .bytes }
            if declared == .text, column.form == .bytes { shape.columns[index].form = .text }
            // The order's literals are of the values that the records take.
            for place in shape.order.indices where shape.order[place].name.isSame(as: column.name) {
                shape.order[place].form = shape.columns[index].form
            }
        }
        func find(_ name: String, _ use: String) throws -> SQLColumn {
            guard let column = shape.column(name) else {
                let known = shape.columns.prefix(20).map(\.name).joined(separator: ", ")
                throw ExtractError(.configuration, "\(place): \(use) \(name) is no column of it; it has \(known)")
            }
            return column
        }
        guard !table.lowercased().hasPrefix("_bobbin_") else {
            throw ExtractError(
                .configuration,
                "\(place): names of tables that begin with _bobbin_ are reserved: give the stream another `table`")
        }
        let key = try primaryKey(shape, place)
        try checkNames(shape, key, place)
        for partition in stream.partitions { _ = try find(partition.name, "the partition") }
        let cursor = try self.source.cursor.map { try find($0.column, "cursor") }
        if let cursor, let refusal = cursor.cursorRefusal {
            throw ExtractError(.configuration, "\(place): \(cursor.name) cannot be the cursor: \(refusal)")
        }
        return SQLPlan(
            stream: stream.resolved(name: name, table: table, primaryKey: key), relation: relation, shape: shape,
            source: source, dialect: session.dialect,
            cursor: cursor?.ordering,
            isInDefaultSchema: relation.map { $0.schema == nil || $0.schema == session.defaultSchema } ?? false,
            open: open)
    }

    /// What the shape makes of the columns must have one name each, and the key's among them.
    private func checkNames(_ shape: SQLShape, _ key: [String], _ place: String) throws {
        let names = shape.columns.compactMap { stream.outcome(of: $0.name)?.name } + (stream.shape?.added ?? [])
        for (index, name) in names.enumerated() where names[..<index].contains(where: { $0.isSame(as: name) }) {
            throw ExtractError(
                .configuration, "\(place): `shape` would make two columns \(name): drop one, or give it another name")
        }
        // What flattening brings is known when the rows come.
        let isOpen = (stream.shape?.flatten ?? 0) > 0
        for name in key where !names.contains(where: { $0.isSame(as: name) }) && !isOpen {
            let known = names.prefix(20).joined(separator: ", ")
            throw ExtractError(.configuration, "\(place): primary_key \(name) is no column of it; it has \(known)")
        }
    }

    /// The key that the configuration names, else the catalogue's where the mode has a use for it.
    private func primaryKey(_ shape: SQLShape, _ place: String) throws -> [String] {
        guard stream.primaryKey.isEmpty else { return stream.primaryKey }
        let shaped = shape.primaryKey.compactMap { stream.outcome(of: $0)?.name }
        // A part of a key tells no rows apart.
        let known = shaped.count == shape.primaryKey.count ? shaped : []
        switch stream.mode {
        case .append: return []
        case .replace: return known
        case .replacePartition:
            let isWhole = stream.partitions.allSatisfy { part in known.contains { $0.isSame(as: part.name) } }
            return isWhole ? known : []
        case .merge, .insertOnly, .updateOnly, .scd2:
            guard known.isEmpty == shape.primaryKey.isEmpty else {
                throw ExtractError(
                    .configuration,
                    "\(place): mode \(stream.mode.rawValue) needs the key (\(shape.primaryKey.joined(separator: ", "))), of which `shape` "
                        + "leaves a column out: keep it, or name other columns under primary_key")
            }
            guard !known.isEmpty else { throw KeylessTable() }
            return known
        }
    }
}

/// A table has no key and its stream's mode needs one.
struct KeylessTable: Error {
    /// What it says of all such tables of a stream, of many of the first ten.
    static func error(_ names: [String], _ stream: Configuration.Stream) -> ExtractError {
        let rest = names.count > 10 ? " and \(names.count - 10) more" : ""
        let tables = names.prefix(10).joined(separator: ", ") + rest
        let (has, each) =
            names.count == 1 ? ("the table has", "") : ("these tables have", " of a stream for each of them")
        return ExtractError(
            .configuration,
            "\(stream.job)/\(tables): mode \(stream.mode.rawValue) needs a key and \(has) no primary key: name the columns under "
                + "primary_key\(each), or use mode replace")
    }
}
