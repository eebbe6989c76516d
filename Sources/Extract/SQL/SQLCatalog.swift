package import Configuration
internal import Manifest

/// Opens a connection of the configuration by its name.
package typealias SQLOpener = @Sendable (_ connection: String) throws -> any SQLSession

/// Finds what the streams of databases stand for; each connection is opened once. Used by one thread.
package final class SQLCatalog {
    private let open: SQLOpener
    private var sessions: [String: (session: any SQLSession, relations: [SQLRelation])] = [:]

    /// Nothing is opened before it is asked for.
    package init(open: @escaping SQLOpener) { self.open = open }

    /// A table with its schema, in quotes.
    static func quoted(_ relation: SQLRelation, _ dialect: any SQLDialect) throws -> String {
        let name = try dialect.quote(relation.name)
        return try relation.schema.map { "\(try dialect.quote($0)).\(name)" } ?? name
    }

    /// The tables and queries that a stream stands for: one, or as many as its pattern finds.
    ///
    /// - Parameters:
    ///   - siblings: all streams of its job: what they name by themselves is left out of a pattern.
    ///   - disabled: names of tables that a pattern leaves out.
    package func resolve(
        _ stream: Configuration.Stream, siblings: [Configuration.Stream], disabled: [String]
    ) throws -> [SQLPlan] {
        guard case .sql(let source) = stream.source else { return [] }
        let (session, relations) = try connect(source.connection)
        let resolution = SQLResolution(stream: stream, source: source, session: session, open: open)
        if let query = source.query {
            do { return [try resolution.plan(query: query)] } catch is KeylessTable {
                throw KeylessTable.error([stream.name], stream)
            }
        }
        guard stream.isPattern else {
            let name = source.table ?? stream.name
            guard let relation = SQLCatalog.find(name, relations, session.defaultSchema) else {
                throw ExtractError(.configuration, SQLCatalog.unknown(name, stream, source, relations))
            }
            let found: SQLPlan?
            do { found = try resolution.plan(relation, name: stream.name) } catch is KeylessTable {
                throw KeylessTable.error([stream.name], stream)
            }
            guard let plan = found else {
                throw ExtractError(
                    .configuration, "\(stream.job): \(relation.fullName) has no column that its user may read")
            }
            return [plan]
        }
        // Names of siblings are tables, as far as there are such.
        let others = siblings.filter { !$0.isPattern && $0.source.connection == source.connection }
        let taken = (others.map(\.tableName) + disabled).compactMap {
            SQLCatalog.find($0, relations, session.defaultSchema)
        }
        let found = relations.filter { relation in
            relation.kind == .table && !relation.name.hasPrefix("_bobbin_")
                && SQLCatalog.matches(stream.name, relation, session.defaultSchema)
        }
        guard !found.isEmpty else {
            throw ExtractError(.configuration, SQLCatalog.unmatched(stream, source, relations, session.defaultSchema))
        }
        return try SQLCatalog.plans(found.filter { !taken.contains($0) }, resolution)
    }

    /// The plans of a pattern's tables. Those that lack a key are told all at once, so that one edit mends them.
    private static func plans(_ relations: [SQLRelation], _ resolution: SQLResolution) throws -> [SQLPlan] {
        var plans: [SQLPlan] = []
        var keyless: [String] = []
        for relation in relations {
            do {
                // A table without columns is nothing to read, and no mistake of the pattern's.
                if let plan = try resolution.plan(relation, name: relation.fullName) { plans.append(plan) }
            } catch is KeylessTable { keyless.append(relation.fullName) }
        }
        guard keyless.isEmpty else { throw KeylessTable.error(keyless, resolution.stream) }
        return plans
    }

    /// The tables and views of a connection, and what it says of itself.
    package func contents(_ connection: String) throws -> (session: any SQLSession, relations: [SQLRelation]) {
        try connect(connection)
    }

    private func connect(_ name: String) throws -> (session: any SQLSession, relations: [SQLRelation]) {
        if let known = sessions[name] { return known }
        let session = try open(name)
        let opened = (session: session, relations: try session.relations())
        sessions[name] = opened
        return opened
    }

    // MARK: Names

    /// The relation of a name: with its schema, or one of the default schema.
    package static func find(_ name: String, _ relations: [SQLRelation], _ schema: String?) -> SQLRelation? {
        relations.first { $0.fullName.isSame(as: name) }
            ?? relations.first { $0.name.isSame(as: name) && ($0.schema == nil || $0.schema == schema) }
    }

    /// Whether a pattern names a relation: `*` stands for any characters, and what is before the first dot is the schema's.
    package static func matches(_ pattern: String, _ relation: SQLRelation, _ defaultSchema: String?) -> Bool {
        let pattern = Array(pattern.utf8)
        guard let schema = relation.schema, let dot = pattern.firstIndex(of: UInt8(ascii: ".")) else {
            return (relation.schema == nil || relation.schema == defaultSchema)
                && matches(pattern[...], Array(relation.name.utf8)[...])
        }
        return matches(pattern[..<dot], Array(schema.utf8)[...])
            && matches(pattern[(dot + 1)...], Array(relation.name.utf8)[...])
    }

    /// Whether a pattern names a text.
    package static func matches(_ pattern: String, _ text: String) -> Bool {
        matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        // Where the last star stood, and how much of the text it has taken: a longer bite is tried from there.
        var (p, t) = (pattern.startIndex, text.startIndex)
        var retry: (pattern: Int, text: Int)?
        while t < text.endIndex {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                retry = (p + 1, t)
                p += 1
            } else if p < pattern.endIndex, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let again = retry {
                retry = (again.pattern, again.text + 1)
                p = again.pattern
                t = again.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Why a pattern stands for nothing: a slip of the pen, a connection to another database, or views only.
    private static func unmatched(
        _ stream: Configuration.Stream, _ source: SQLSourceSettings, _ relations: [SQLRelation], _ schema: String?
    ) -> String {
        let views = relations.filter { $0.kind == .view && matches(stream.name, $0, schema) }.prefix(3).map(\.fullName)
        let tables = relations.filter { $0.kind == .table && !$0.name.hasPrefix("_bobbin_") }
        let near = tables.filter { $0.schema == schema }
        let known = (near.isEmpty ? tables : near).prefix(3).map(\.fullName)
        let hint =
            !views.isEmpty
            ? " (there are views, such as \(views.joined(separator: ", ")): a view is named as a stream of its own)"
            : known.isEmpty ? " (it has no table at all)" : " (there is \(known.joined(separator: ", ")))"
        return
            "\(stream.job): connection \(source.connection) has no table that matches \(stream.name) and that its user may read\(hint): "
            + "`bobbin connections discover \(source.connection)` lists them"
    }

    private static func unknown(
        _ name: String, _ stream: Configuration.Stream, _ source: SQLSourceSettings, _ relations: [SQLRelation]
    ) -> String {
        let names = relations.map(\.fullName)
        let like = names.filter { $0.lowercased().hasSuffix(name.lowercased()) }.prefix(3)
        let hint = like.isEmpty ? "" : " (there is \(like.joined(separator: ", ")))"
        return
            "\(stream.job): connection \(source.connection) has no table or view \(name) that its user may read\(hint): "
            + "`bobbin connections discover \(source.connection)` lists them"
    }
}

extension Configuration.Stream {
    /// The name that the stream's table has in its database.
    fileprivate var tableName: String {
        if case .sql(let source) = source { return source.table ?? name }
        return name
    }
}
