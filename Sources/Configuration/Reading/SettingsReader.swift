extension Settings {
    /// Reads a configuration file.
    ///
    /// - Parameters:
    ///   - yaml: the file's bytes, at most 1,000,000.
    ///   - file: the file's name, for messages.
    ///   - environment: variables, secrets' files and which secrets are needed.
    /// - Throws: every issue of the file at once; only one that makes it unreadable as YAML stands alone.
    package init(yaml: [UInt8], file: String, environment: Environment) throws(ConfigurationError) {
        let issues = Issues(file: file)
        let root: Node
        do {
            root = try YAMLReader.read(yaml)
        } catch {
            let issue = ConfigurationError.Issue(
                code: .syntax, file: file, mark: error.mark, key: "", message: error.message)
            throw ConfigurationError(issues: [issue])
        }
        Checker(issues: issues).check(root, .section(Table.document), KeyPath())
        let layer = Fields.Layer(entries: root.entries ?? [], mark: root.mark, path: KeyPath(), isShared: false)
        let document = Fields(Table.document, layers: [layer], issues: issues)
        document.checkKeys()
        let expander = Expander(environment: environment, issues: issues, isNeeded: true)
        spool = expander.text("spool", of: document) ?? ""
        timezone = readTimezone(document, environment)
        load = readLoad(document)
        connections = readConnections(document, environment)
        jobs = readJobs(document, expander)
        try issues.throwIfAny()
    }
}

private func readTimezone(_ document: Fields, _ environment: Environment) -> String {
    let zone = document.text("timezone")
    // UTC needs no database of time zones.
    guard zone != "UTC" else { return zone }
    let bytes = (try? environment.readFile(CivilDate.zoneDirectory + zone)) ?? []
    if !bytes.starts(with: "TZif".utf8) {
        document.fail(
            .unknownName, "timezone",
            "the system knows no time zone \(Message.quoted(zone)); check its name, or install the package tzdata")
    }
    return zone
}

private func readLoad(_ document: Fields) -> LoadSettings {
    let load = document.sectionOrStandard("load", Table.load)
    let (retention, minimum) = (load.duration("retention"), load.duration("min_retention"))
    if minimum > retention {
        load.fail(
            .conflict, load.has("retention") ? "retention" : "min_retention",
            "min_retention is longer than retention; lengthen retention or shorten min_retention")
    }
    return LoadSettings(
        workers: load.integer("workers"), maxAttempts: load.integer("max_attempts"),
        maxCrashes: load.integer("max_crashes"), shareFrom: load.size("share_from"), lease: load.duration("lease"),
        retention: retention,
        minRetention: minimum, lowWater: load.size("low_water"))
}

private func readConnections(_ document: Fields, _ environment: Environment) -> [String: Connection] {
    let reader = ConnectionReader(
        environment: environment, issues: document.issues, uses: ConnectionUses(document))
    let path = document.place(of: "connections").path
    var connections: [String: Connection] = [:]
    for entry in document.entries("connections") {
        guard let entries = entry.value.entries else {
            // The checker lets an empty section pass, as most have no required keys.
            if entry.value.isNull {
                document.issues.add(
                    .missingKey, at: entry.mark, path.appending(entry.key), "the connection is empty; it needs a type")
            }
            continue
        }
        let layer = Fields.Layer(
            entries: entries, mark: entry.mark, path: path.appending(entry.key), isShared: false)
        connections[entry.key] = reader.read(
            entry.key, Fields(Table.connection, layers: [layer], issues: document.issues))
    }
    return connections
}

private func readJobs(_ document: Fields, _ expander: Expander) -> [Job] {
    let connections = summaries(document)
    var owners = TableOwners(connections: connections)
    let shared = document.find("defaults").flatMap { found in
        found.node.entries.map {
            Fields.Layer(entries: $0, mark: found.mark, path: found.path, isShared: true)
        }
    }
    let path = document.place(of: "jobs").path
    return document.entries("jobs").compactMap { entry in
        let path = path.appending(entry.key)
        guard let entries = entry.value.entries else {
            if entry.value.isNull {
                document.issues.add(.missingKey, at: entry.mark, path, "the job is empty; it needs a source")
            }
            return nil
        }
        let layer = Fields.Layer(entries: entries, mark: entry.mark, path: path, isShared: false)
        let job = Fields(Table.job, layers: [layer], issues: document.issues)
        let own = job.find("defaults").flatMap { found in
            found.node.entries.map {
                Fields.Layer(entries: $0, mark: found.mark, path: found.path, isShared: false)
            }
        }
        let reader = StreamReader(job: entry.key, connections: connections, expander: expander)
        var known: [(stream: Stream, fields: Fields)] = []
        func read(_ name: String, _ layers: [Fields.Layer?]) -> Stream? {
            let fields = Fields(Table.stream, layers: layers.compactMap { $0 }, issues: document.issues)
            guard let stream = reader.read(name, fields) else { return nil }
            known.append((stream, fields))
            // Which tables a database has is known when it is asked.
            if case .sql(let source) = stream.source, source.query == nil { return stream }
            owners.claim(stream, fields)
            return stream
        }
        func isDisabled(_ entries: [Node.Entry]) -> Bool {
            entries.first { $0.key == "disabled" }?.value.text.flatMap(Shape.boolean) ?? false
        }
        guard let streams = job.find("streams") else {
            let name = job.optionalText("table") ?? entry.key
            let stream = read(name, [layer, own, shared])
            ParentRules(streams: known, names: [name]).check()
            return stream.map { stream in
                isDisabled(entries)
                    ? Job(name: entry.key, streams: [], disabled: [name])
                    : Job(name: entry.key, streams: [stream], disabled: [])
            }
        }
        let named = streams.node.entries ?? []
        if named.isEmpty { job.fail(.wrongValue, "streams", "there are no streams; name one, or leave the key out") }
        var disabled: [String] = []
        let read = named.compactMap { stream -> Stream? in
            // A stream may take all from its job: an empty section is one.
            guard let entries = stream.value.isNull ? [] : stream.value.entries else { return nil }
            if isDisabled(entries) {
                disabled.append(stream.key)
                return nil
            }
            let inner = Fields.Layer(
                entries: entries, mark: stream.mark, path: streams.path.appending(stream.key), isShared: false)
            return read(stream.key, [inner, own, layer, shared])
        }
        ParentRules(streams: known, names: named.map(\.key).filter { !disabled.contains($0) }).check()
        return Job(name: entry.key, streams: read, disabled: disabled)
    }
}

/// What streams need to know of the connections.
private func summaries(_ document: Fields) -> [String: ConnectionSummary] {
    var summaries: [String: ConnectionSummary] = [:]
    for entry in document.entries("connections") {
        func text(_ key: String) -> String? { entry.value.entries?.first { $0.key == key }?.value.text }
        summaries[entry.key] = ConnectionSummary(
            type: text("type") ?? "", path: text("path"), method: text("method").flatMap(HTTPMethod.init) ?? .get)
    }
    return summaries
}

/// Which stream owns which table of a target: one table, one stream.
private struct TableOwners {
    private let connections: [String: ConnectionSummary]
    private var owners: [String: String] = [:]

    init(connections: [String: ConnectionSummary]) {
        self.connections = connections
    }

    mutating func claim(_ stream: Stream, _ fields: Fields) {
        let name = "\(stream.job).\(stream.name)"
        for target in stream.targets {
            // SQLite and DuckDB compare names of tables without case, and two connections to one file share its tables.
            let table = "\(connections[target]?.path ?? target)\0\(stream.table.lowercased())"
            if let owner = owners.updateValue(name, forKey: table) {
                owners[table] = owner
                fields.fail(
                    .conflict, "table",
                    "the table \(Message.quoted(stream.table)) of \(Message.quoted(target)) belongs to the stream "
                        + "\(Message.shortened(owner)); give this one a table of its own")
            }
        }
    }
}
