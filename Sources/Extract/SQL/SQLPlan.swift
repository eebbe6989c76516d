package import Configuration
internal import Manifest

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
    let open: SQLOpener

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

    /// The columns that a full read is ordered by, so that it can be resumed; none where one chunk holds all.
    var order: [SQLColumn] {
        if let rows = relation?.rows, rows <= stream.chunk.rows, shape.hasSnapshot { return [] }
        return shape.order.allSatisfy(\.isOrderable) ? shape.order : []
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
            guard let declared = stream.columns[column.name] else { continue }
            shape.columns[index].type = declared
            if declared == .bytes, column.form == .text { shape.columns[index].form = .bytes }
            if declared == .text, column.form == .bytes { shape.columns[index].form = .text }
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
        for name in key { _ = try find(name, "primary_key") }
        for partition in stream.partitions { _ = try find(partition.name, "the partition") }
        return SQLPlan(
            stream: stream.resolved(name: name, table: table, primaryKey: key), relation: relation, shape: shape,
            source: source, dialect: session.dialect,
            cursor: try self.source.cursor.map { try find($0.column, "cursor") },
            open: open)
    }

    /// The key that the configuration names, else the catalogue's where the mode has a use for it.
    private func primaryKey(_ shape: SQLShape, _ place: String) throws -> [String] {
        guard stream.primaryKey.isEmpty else { return stream.primaryKey }
        switch stream.mode {
        case .append: return []
        case .replace: return shape.primaryKey
        case .replacePartition:
            let isWhole = stream.partitions.allSatisfy { part in shape.primaryKey.contains { $0.isSame(as: part.name) }
            }
            return isWhole ? shape.primaryKey : []
        case .merge, .insertOnly:
            guard !shape.primaryKey.isEmpty else {
                throw ExtractError(
                    .configuration,
                    "\(place): mode \(stream.mode.rawValue) needs a key and the table has no primary key: name the columns under "
                        + "primary_key, or use mode replace")
            }
            return shape.primaryKey
        }
    }
}
