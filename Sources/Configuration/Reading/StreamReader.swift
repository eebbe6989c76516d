import Manifest

/// Reads one stream from its layers.
struct StreamReader {
    let job: String
    let connections: [String: ConnectionSummary]
    let expander: Expander

    func read(_ name: String, _ fields: Fields) -> Stream? {
        let partitions = readPartitions(fields)
        let targets = readTargets(fields)
        let keys = readKeys(fields)
        let mode = fields.choice("mode", WriteMode.append)
        let table = fields.optionalText("table") ?? name
        if fields.has("table") { checkTable(table, fields) }
        let retry = readRetry(fields)
        let timeouts = fields.sectionOrStandard("timeouts", Table.timeouts)
        let chunk = fields.sectionOrStandard("chunk", Table.chunk)
        let contract = fields.sectionOrStandard("contract", Table.contract)
        let rejects = fields.sectionOrStandard("max_rejects", Table.maxRejects)
        let hook = fields.sectionOrStandard("on_failure", Table.onFailure)
        let source = SourceReader(connections: connections, partitions: partitions, mode: mode).read(fields)
        let isTable = if case .sql(let source)? = source { source.query == nil } else { false }
        let changes = readChanges(fields)
        StreamRules(
            fields: fields, mode: mode, partitions: partitions, primaryKey: keys, isCatalogued: isTable,
            changes: changes
        ).check()
        guard let source else { return nil }
        if changes.deletesMissing, case .http(let http) = source, http.incremental != nil {
            fields.fail(
                .conflict, "delete_missing",
                "an incremental source brings what is new, and all else would be deleted as missing; take one of the two out"
            )
        }
        checkKind(source, fields)
        return Stream(
            job: job, name: name, source: source, targets: targets, table: table, primaryKey: keys, mode: mode,
            partitions: partitions,
            parallelism: fields.optionalInteger("parallelism") ?? (source.isDatabase ? 4 : 20),
            priority: fields.integer("priority"),
            retry: retry,
            timeouts: StreamTimeouts(
                connect: timeouts.optionalDuration("connect"), request: timeouts.optionalDuration("request"),
                idle: timeouts.optionalDuration("idle"), partition: timeouts.optionalDuration("partition")),
            chunk: ChunkLimits(rows: chunk.integer("rows"), bytes: chunk.size("bytes")),
            columns: readColumns(fields),
            shape: ShapeReader(
                expander: expander, partitions: partitions.map(\.name), primaryKey: keys, isDatabase: source.isDatabase
            ).read(fields),
            changes: changes,
            contract: Contract(
                columns: contract.choice("columns", ContractPolicy.evolve),
                types: contract.choice("types", ContractPolicy.evolve),
                freezesTables: contract.text("tables") == "freeze"),
            allowEmpty: fields.boolean("allow_empty"),
            minShare: fields.share("min_share"),
            maxRejects: RejectLimits(rows: rejects.integer("rows"), share: rejects.share("share")),
            onFailure: FailureHook(
                command: hook.texts("command"), webhook: readWebhook(hook)))
    }

    private func readTargets(_ fields: Fields) -> [String] {
        let targets = unique("target", of: fields)
        if !fields.has("target") {
            fields.fail(
                .missingKey, "target",
                "the key is missing; name a connection of type \(Connection.targets.joined(separator: ", "))")
        }
        for target in targets {
            guard let type = connections[target]?.type else {
                fields.fail(.unknownName, "target", unknownConnection(target, connections))
                continue
            }
            if !type.isEmpty, !Connection.targets.contains(type) {
                fields.fail(
                    .conflict, "target",
                    "the connection \(Message.quoted(target)) is of type \(Message.shortened(type)), "
                        + "which rows cannot be written to; name one of type \(Connection.targets.joined(separator: ", "))"
                )
            }
        }
        return targets
    }

    private func readKeys(_ fields: Fields) -> [String] {
        unique("primary_key", of: fields)
    }

    private func readChanges(_ fields: Fields) -> RowChanges {
        var changes = RowChanges()
        if let column = fields.optionalText("delete_marker") {
            changes.marker = RowChanges.Marker(column: column, values: [])
        } else if let section = fields.section("delete_marker") {
            section.checkKeys()
            let column = section.text("column")
            changes.marker = RowChanges.Marker(column: column, values: section.texts("values"))
        }
        changes.deletesMissing = fields.boolean("delete_missing")
        changes.isSoft = fields.boolean("soft_delete")
        return changes
    }

    private func unique(_ name: String, of fields: Fields) -> [String] {
        var seen: Set<String> = []
        let texts = fields.texts(name)
        for text in texts where !seen.insert(text).inserted {
            fields.fail(.wrongValue, name, "\(Message.quoted(text)) stands twice; keep one")
        }
        return texts
    }

    /// Keys of the other kinds of sources.
    private func checkKind(_ source: Source, _ fields: Fields) {
        if case .sql = source { return }
        for key in SourceReader.databaseKeys where fields.hasOwn(key) {
            fields.fail(
                .conflict, key,
                "the key is for sources of type \(Connection.databases.joined(separator: ", ")); connection "
                    + "\(Message.quoted(source.connection)) is of type \(connections[source.connection]?.type ?? "")")
        }
    }

    private func checkTable(_ table: String, _ fields: Fields) {
        for prefix in ["_bobbin_", "sqlite_"] where table.lowercased().hasPrefix(prefix) {
            fields.fail(.wrongValue, "table", "names of tables that begin with \(prefix) are reserved; choose another")
        }
    }

    private func readColumns(_ fields: Fields) -> [String: LogicalType] {
        let columns = fields.entries("columns").compactMap { entry in
            entry.value.text.flatMap(LogicalType.init(rawValue:)).map { (entry.key, $0) }
        }
        return Dictionary(columns) { first, _ in first }
    }

    private func readRetry(_ fields: Fields) -> RetryPolicy {
        let retry = fields.sectionOrStandard("retry", Table.retry)
        let strategy = retry.chosenCase
        retry.checkKeys(for: strategy)
        let delays =
            retry.find("delays")?.node.items?.compactMap(\.text).compactMap { try? DurationText.parse($0) } ?? []
        let chosen: RetryPolicy.Strategy =
            switch strategy {
            case "linear":
                .linear(
                    initial: retry.duration("initial_delay"), increment: retry.duration("increment"),
                    maximum: retry.duration("max_delay"))
            case "fixed": .fixed(retry.duration("delay"))
            case "list": .list(delays)
            default:
                .exponential(
                    initial: retry.duration("initial_delay"), multiplier: retry.integer("multiplier"),
                    maximum: retry.duration("max_delay"))
            }
        return RetryPolicy(
            strategy: chosen,
            maxAttempts: strategy == "list" ? delays.count + 1 : retry.optionalInteger("max_attempts") ?? 4,
            jitter: retry.boolean("jitter"))
    }

    private func readWebhook(_ hook: Fields) -> Secret? {
        guard let url = expander.text("webhook", of: hook) else { return nil }
        if let reason = URLText.problem(in: url) {
            hook.fail(.wrongValue, "webhook", "expected \(TextRule.url.expectation): \(reason)")
        }
        return Secret(url)
    }
}
