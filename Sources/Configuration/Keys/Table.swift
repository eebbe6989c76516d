import Manifest

/// The table of all keys.
enum Table {
    static let document = Section(
        "document", "The whole file.",
        [
            Key("spool", .text(.expanded), standard: "spool", "The directory of the durable queue."),
            Key(
                "timezone", .text(.timezone), standard: "UTC",
                "The IANA time zone in which days begin: today, for `last_days`."),
            Key(
                "connections", .map(of: .section(connection), names: .name), required: true,
                "The systems that jobs read from and write to, by name."),
            Key("defaults", .section(defaults), "What jobs take when they and their streams do not say otherwise."),
            Key("jobs", .map(of: .section(job), names: .name), required: true, "The syncs, by name."),
            Key("load", .section(load), "How loaders work on this spool."),
        ])

    static let load = Section(
        "load", "How loaders work on this spool.",
        [
            Key(
                "workers", .integer(1...256), standard: "1",
                "Loaders in one `load` process; a target with one writer (SQLite, DuckDB, Parquet) is served by one of them at a time."
            ),
            Key(
                "max_attempts", .integer(1...1000), standard: "3",
                "Attempts at a chunk that fails by itself, before it is dead."),
            Key(
                "max_crashes", .integer(1...1000), standard: "20",
                "Loader deaths in a row over one chunk, before it is dead as crash-looping."),
            Key(
                "share_from", .size(0...(.max)), standard: "1GB",
                "Size of a run of `merge`, `replace` and their kin from which on loaders that would be idle load it together, where the target is a PostgreSQL, MariaDB or MySQL server."
            ),
            Key(
                "lease", .duration(minimum: .seconds(1)), standard: "30s",
                "How long a loader or extractor may be silent before others take its work."),
            Key("retention", .duration(minimum: .zero), standard: "7d", "How long loaded chunks are kept for replay."),
            Key(
                "min_retention", .duration(minimum: .zero), standard: "1h",
                "What is kept of the archive even when the disk runs short."),
            Key(
                "low_water", .size(0...(.max)), standard: "1GB",
                "Free space of the spool's disk below which extraction stops and the archive is thinned."),
        ])

    static let job = Section(
        "job", "A sync: one stream written flat (named as its table, else as the job), or several under `streams`.",
        base: [stream],
        [
            Key("defaults", .section(defaults), "What the job's streams take before the job's own keys."),
            Key(
                "streams", .map(of: .section(stream), names: .name),
                "The job's streams, by name; without it the job is one stream."),
        ])

    /// The keys that may stand in a stream, its job, the job's defaults and the top-level defaults; the first that has
    /// a key wins, and sections are joined key by key.
    static let stream = Section(
        "stream", "One table of a job.", base: [defaults],
        [
            Key(
                "table", .text(.name),
                "The table in the target; without it the stream's name, of a database's table the table's. In a flat job, also the stream's name. "
                    + "Of a pattern: `{table}` and `{schema}` stand for those of each table."),
            Key(
                "query", .text(.plain),
                "Databases: a SELECT whose rows are the stream's, in place of a table."),
            Key(
                "disabled", .boolean, standard: "false",
                "Whether the stream is left out, also of the tables that a pattern names."),
        ])

    static let defaults = Section(
        "defaults", "Keys for every stream of the file, or of the job.",
        [
            Key("source", .section(SourceTable.source), "Where rows come from."),
            Key(
                "target", .either([.text(.name), .list(of: .text(.name))]),
                "The connection rows go to, or a list of them. Required in the end."),
            Key(
                "mode", .choice(WriteMode.allCases.map(\.rawValue)), standard: "append",
                "How rows change the table."),
            Key(
                "primary_key", .either([.text(.name), .list(of: .text(.name))]),
                "The columns that identify a row. Required for merge, insert-only, update-only and scd2."),
            Key(
                "partitions",
                .map(
                    of: .either([.choice(["path"]), .list(of: .text(.name)), .section(partitionRange)]), names: .name),
                "Columns whose combinations of values are extracted one by one: a list of values, days, or `path` where the paths of files tell them."
            ),
            Key(
                "parallelism", .integer(1...1000),
                "Partitions extracted at once, of databases also tables of the job. Built in: 20, of databases 4."),
            Key(
                "priority", .integer(0...99), standard: "50",
                "Which work goes first when loaders are scarce: 0 is first."),
            Key("retry", .section(retry), "Delays between attempts of a request or connection."),
            Key("timeouts", .section(timeouts), "Limits of this stream, in place of its connection's."),
            Key("chunk", .section(chunk), "When a chunk file is closed; the first limit reached counts."),
            Key(
                "columns", .map(of: .choice(columnTypes), names: .name),
                "Declared types of columns; the others are inferred and widened."),
            Key(
                "shape", .section(shape),
                "What is made of the records before they are stored: columns chosen, renamed, hashed, added, nested objects flattened."
            ),
            Key(
                "cursor", .text(.name),
                "Databases: the column from whose greatest value the next run begins; without it each run reads all. Not for the replace modes."
            ),
            Key(
                "lag", .text(.value),
                "Databases: how far before the greatest value the next run begins, for rows that are committed late: a duration, or a number for "
                    + "columns of numbers. For merge and insert-only."),
            Key(
                "since", .text(.value),
                "Databases: the value of the cursor that the first run begins with; without it, with all rows."),
            Key(
                "null_cursor", .choice(["include", "skip", "fail"]),
                "Databases: rows whose cursor is NULL: read with every run, left out, or the run fails. Built in: include, under append fail."
            ),
            Key(
                "delete_marker", .either([.text(.name), .section(deleteMarker)]),
                "A column that says of a row that it was deleted at the source: its key's row is deleted, or ends. For merge and scd2."
            ),
            Key(
                "delete_missing", .boolean, standard: "false",
                "Whether rows of the table (of the partition) that a run which reads everything does not hold are deleted, or end. For merge and scd2."
            ),
            Key(
                "soft_delete", .boolean, standard: "false",
                "Whether deleted rows stay, and `_deleted_at` tells since when; null of the others. For merge."),
            Key("contract", .section(contract), "What may change in the data without a person."),
            Key(
                "allow_empty", .boolean, standard: "false",
                "Whether nothing may replace something, in the replace modes."),
            Key(
                "min_share", .text(.share), standard: "0",
                "The least rows of a replacement, as a share of the rows it replaces."),
            Key(
                "max_rejects", .section(maxRejects),
                "Refused rows above which a chunk is dead, or a replacing run is not published: more than both limits allow."
            ),
            Key("on_failure", .section(onFailure), "Who is told when a run fails."),
        ])

    /// All types a column may be declared as: every logical type but the one of no value.
    static let columnTypes = [
        "boolean", "integer", "bigint", "double", "decimal", "date", "time", "datetime", "timestamp", "uuid", "bytes",
        "json", "text",
    ]

    static let deleteMarker = Section(
        "delete_marker", "Which records say that a row was deleted.",
        [
            Key("column", .text(.name), required: true, "The column that says so; it is loaded like the others."),
            Key(
                "values", .list(of: .text(.value)),
                "The values that say so. Without them any that is not null, false, 0 or empty (of a text also not f, n or no)."
            ),
        ])

    static let partitionRange = Section(
        "partition_range", "Days as partition values: `last_days`, or `from` and `to`.",
        [
            Key("last_days", .integer(1...36_500), "So many days before today: 5 is D-1 to D-5."),
            Key("from", .text(.date), "The first day."),
            Key("to", .text(.date), "The last day, included."),
        ])

    static let retry = Section(
        "retry", "Delays between attempts of a request or connection.", discriminator: "strategy",
        [
            Key(
                "strategy", .choice(["exponential", "linear", "fixed", "list"]), standard: "exponential",
                "How the delay grows."),
            Key(
                "max_attempts", .integer(1...1000), for: ["exponential", "linear", "fixed"],
                "Attempts in all, the first included; built in 4. With a list: one more than its delays."),
            Key("jitter", .boolean, standard: "true", "Whether a delay is drawn at random between half of it and all."),
            Key(
                "initial_delay", .duration(minimum: .zero), standard: "1s", for: ["exponential", "linear"],
                "The first delay."),
            Key(
                "multiplier", .integer(1...100), standard: "2", for: ["exponential"],
                "The factor from delay to delay."),
            Key(
                "increment", .duration(minimum: .zero), standard: "1s", for: ["linear"],
                "What each delay is longer than the last."),
            Key(
                "max_delay", .duration(minimum: .zero), standard: "30s", for: ["exponential", "linear"],
                "The greatest delay."),
            Key("delay", .duration(minimum: .zero), standard: "1s", for: ["fixed"], "Every delay."),
            Key("delays", .list(of: .duration(minimum: .zero)), required: true, for: ["list"], "The delays in order."),
        ])

    static let timeouts = Section(
        "timeouts", "Limits of this stream, in place of its connection's.",
        [
            Key("connect", .duration(minimum: .milliseconds(1)), "For the connection to stand."),
            Key("request", .duration(minimum: .milliseconds(1)), "For one request and its answer."),
            Key("idle", .duration(minimum: .milliseconds(1)), "Without a byte of the answer."),
            Key(
                "partition", .duration(minimum: .milliseconds(1)), "For the extraction of one partition; none built in."
            ),
        ])

    static let chunk = Section(
        "chunk", "When a chunk file is closed; the first limit reached counts.",
        [
            Key("rows", .integer(1...10_000_000), standard: "50000", "Rows in a chunk."),
            Key("bytes", .size(1000...1_000_000_000), standard: "16MB", "Bytes of a chunk before compression."),
        ])

    static let contract = Section(
        "contract",
        "What may change in the data without a person: the table follows (evolve), or the row is rejected (freeze), left out and counted "
            + "(discard_row), or loaded without the value (discard_value).",
        [
            Key(
                "columns", .choice(ContractPolicy.allCases.map(\.rawValue)), standard: "evolve",
                "What becomes of columns that the table does not have."),
            Key(
                "types", .choice(ContractPolicy.allCases.map(\.rawValue)), standard: "evolve",
                "What becomes of values for which a column would have to be widened, or that do not fit a declared one."
            ),
            Key(
                "tables", .choice(["evolve", "freeze"]), standard: "evolve",
                "Whether a table is made when it is not there yet; otherwise the stream stops."),
        ])

    static let shape = Section(
        "shape",
        "What is made of the records before they are stored, in the order of these keys. Types are declared under `columns`, by the new names.",
        [
            Key(
                "flatten", .integer(1...32),
                "So many levels of nested objects become columns, `a: {b: 1}` the column `a__b`; lists stay JSON."),
            Key(
                "select", .either([.text(.name), .list(of: .text(.name))]),
                "The only columns that stay, and those of the partition. With `flatten`, `a` also stands for all `a__...`."
            ),
            Key(
                "drop", .either([.text(.name), .list(of: .text(.name))]),
                "Columns that are left out, in place of `select`."),
            Key("rename", .map(of: .text(.name), names: .name), "New names of columns, by the old ones."),
            Key(
                "hash", .either([.text(.name), .list(of: .text(.name))]),
                "Columns, by their new names, whose values become the SHA-256 of their text in 64 hexadecimal digits; null stays null."
            ),
            Key("salt", .text(.secret), "A key for `hash`: HMAC-SHA-256 in place of SHA-256."),
            Key(
                "constant", .map(of: .json, names: .name),
                "Columns that are the same in all rows: a text, a number, true, false or null."),
            Key("loaded_at", .text(.name), "A column with the time at which the run began (timestamp, UTC)."),
        ])

    static let maxRejects = Section(
        "max_rejects",
        "Refused rows above which a chunk is dead, or a replacing run is not published: more than both limits allow.",
        [
            Key("rows", .integer(0...(.max)), standard: "1000", "Rows."),
            Key("share", .text(.share), standard: "0.01", "Share of the rows of the chunk, or of the run."),
        ])

    static let onFailure = Section(
        "on_failure", "Who is told when a run fails.",
        [
            Key("command", .list(of: .text(.plain)), "A program and its arguments, started without a shell."),
            Key("webhook", .text(.url), "An address that gets a POST with a JSON document."),
        ])

    /// Every section, the whole file first.
    static let sections: [Section] = {
        var found: [Section] = []
        func visit(_ section: Section) {
            guard !found.contains(where: { $0.name == section.name }) else { return }
            found.append(section)
            section.keys.forEach { visit($0.shape) }
            section.base.forEach(visit)
        }
        func visit(_ shape: Shape) {
            switch shape {
            case .section(let section): visit(section)
            case .map(let value, _): visit(value)
            case .list(let item): visit(item)
            case .either(let shapes): shapes.forEach(visit)
            case .text, .integer, .boolean, .duration, .size, .choice, .json: break
            }
        }
        visit(document)
        return found
    }()
}
