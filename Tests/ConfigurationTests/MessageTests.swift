import Manifest
import Testing

@testable import Configuration

/// Each kind of mistake and the exact line that it gives.
@Suite struct MessageTests {
    static let keys: [(String, [String])] = [
        (
            "spol: x",
            [
                #"bobbin.yaml:1:1: connections: the key is missing; expected a section of names, each with a section"#,
                #"bobbin.yaml:1:1: jobs: the key is missing; expected a section of names, each with a section"#,
                #"bobbin.yaml:1:1: spol: unknown key; did you mean "spool"?"#,
            ]
        ),
        (
            "connections: {}\njobs: {}\nload: {frobnicate: 1}",
            [
                "bobbin.yaml:3:8: load.frobnicate: unknown key; known here: workers, max_attempts, max_crashes, share_from, lease, "
                    + "retention, min_retention, low_water"
            ]
        ),
        (
            "connections: {}\njobs: [a]",
            ["bobbin.yaml:2:7: jobs: expected a section of names, each with a section, found a list"]
        ),
        (
            "connections: {}\njobs: {}\nload: {lease: [1s]}",
            [
                "bobbin.yaml:3:15: load.lease: expected a duration such as 30s, at least 1s, found a list"
            ]
        ),
        (
            "connections: {}\njobs: {}\nload: {lease: }",
            [
                "bobbin.yaml:3:15: load.lease: expected a duration such as 30s, at least 1s, found nothing"
            ]
        ),
        (
            "connections: {}\njobs: {}\nload: {lease: 30, workers: 0, low_water: 5XB, retention: -1d}",
            [
                #"bobbin.yaml:3:15: load.lease: expected a duration such as 30s, at least 1s, found "30": it has no unit"#,
                "bobbin.yaml:3:28: load.workers: expected a whole number from 1 to 256, found 0",
                #"bobbin.yaml:3:42: load.low_water: expected a size such as 16MB, found "5XB": the units are B, KB, MB, GB, TB, KiB, MiB, GiB, TiB"#,
                #"bobbin.yaml:3:58: load.retention: expected a duration such as 30s, found "-1d": it is negative"#,
            ]
        ),
        (
            "connections: {}\njobs: {}\nload: {workers: \"2\", retention: 1m}",
            [
                #"bobbin.yaml:3:17: load.workers: expected a whole number from 1 to 256, found "2""#,
                "bobbin.yaml:3:22: load.retention: min_retention is longer than retention; lengthen retention or shorten min_retention",
            ]
        ),
        (
            "connections: {}\njobs: {}\ntimezone: Europe/Berln",
            [
                #"bobbin.yaml:3:1: timezone: the system knows no time zone "Europe/Berln"; check its name, or install the package tzdata"#
            ]
        ),
        (
            "connections: {}\njobs: {}\ntimezone: ../../etc/passwd",
            [
                #"bobbin.yaml:3:11: timezone: expected a time zone such as Europe/Berlin, found "../../etc/passwd""#
            ]
        ),
        (
            "connections: {\"a.b\": {type: htp}, c: , d: {path: x}, \"\": {type: files, path: x}}\njobs: {}",
            [
                #"bobbin.yaml:1:29: connections."a.b".type: expected one of http, files, s3, sftp, sqlite, duckdb, parquet, postgres, mysql, odbc, found "htp"; did you mean "http"?"#,
                "bobbin.yaml:1:35: connections.c: the connection is empty; it needs a type",
                "bobbin.yaml:1:40: connections.d.type: the key is missing; expected one of http, files, s3, sftp, sqlite, duckdb, parquet, postgres, mysql, odbc",
                #"bobbin.yaml:1:54: connections."": expected a name of at most 255 bytes, found """#,
            ]
        ),
        (
            "connections: {a: {type: mariadb}, b: {type: PostgreSQL}}\njobs: {}",
            [
                #"bobbin.yaml:1:25: connections.a.type: expected one of http, files, s3, sftp, sqlite, duckdb, parquet, postgres, mysql, odbc, found "mariadb"; did you mean "mysql"?"#,
                #"bobbin.yaml:1:45: connections.b.type: expected one of http, files, s3, sftp, sqlite, duckdb, parquet, postgres, mysql, odbc, found "PostgreSQL"; did you mean "postgres"?"#,
            ]
        ),
        (
            "connections:\n  a: {type: files, path: x, base_url: \"http://x\"}\n  b: {type: http}\njobs: {}",
            [
                "bobbin.yaml:2:29: connections.a.base_url: the key is for type http; here type is files",
                "bobbin.yaml:3:3: connections.b.base_url: the key is missing; expected an address that begins with http:// or https://",
            ]
        ),
        (
            "connections:\n  a: {type: http, base_url: ftp://x}\n  b: {type: http, base_url: \"https://u:p@x\"}\njobs: {}",
            [
                "bobbin.yaml:2:29: connections.a.base_url: expected an address that begins with http:// or https://: it begins with none of http://, https://",
                "bobbin.yaml:3:29: connections.b.base_url: expected an address that begins with http:// or https://: it holds credentials; move them to auth",
            ]
        ),
        (
            "connections:\n  a: {type: http, base_url: \"http://x\", rate_limit: 10/w, auth: {bearer: \"${A}\", basic: {user: u}}}\njobs: {}",
            [
                #"bobbin.yaml:2:53: connections.a.rate_limit: expected a rate such as 10/s or 600/m, found "10/w": the units are /s, /m and /h"#,
                "bobbin.yaml:2:59: connections.a.auth: expected one of bearer, basic, oauth2, found bearer and basic",
            ]
        ),
        (
            """
            connections:
              a: {type: s3, bucket: a/b, access_key: x, endpoint: "https://h/b"}
              b: {type: s3, bucket: b, secret_key: literal}
              c: {type: sftp, path: out, host: "h/x", key_password: "${K}"}
            jobs: {}
            """,
            [
                "bobbin.yaml:2:3: connections.a.secret_key: the key is missing; access_key needs it",
                "bobbin.yaml:2:17: connections.a.bucket: a bucket's name has none of / ? # @ : and no spaces; put a path into `prefix`",
                "bobbin.yaml:2:45: connections.a.endpoint: expected an address without a path; the bucket stands in `bucket`, a path in `prefix`",
                "bobbin.yaml:3:3: connections.b.access_key: the key is missing; secret_key needs it",
                "bobbin.yaml:3:40: connections.b.secret_key: expected ${NAME} of an environment variable or file:PATH, found a literal value; keep secrets out of the file and change this one",
                "bobbin.yaml:4:3: connections.c.known_hosts: the environment variable HOME is not set; set it and start again",
                "bobbin.yaml:4:3: connections.c.user: the key is missing; expected text",
                "bobbin.yaml:4:43: connections.c.key_password: the environment variable K is not set; set it and start again",
                "bobbin.yaml:4:43: connections.c.key_password: the password of a key needs its key_file",
            ]
        ),
        (
            """
            connections:
              web: {type: http, base_url: "https://h"}
              lake: {type: s3, bucket: b}
              t: {type: sqlite, path: t.db}
            jobs:
              a: {source: {connection: web, files: "x/*.csv"}, target: t}
              b: {source: {connection: web, files: [x.csv], path: /y, page_size: 3}, target: t}
              c: {source: {connection: web, path: /y, format: csv}, target: t}
              d: {source: {connection: lake, files: [x.csv]}, target: t}
              e: {source: {connection: web, files: [x.csv]}, target: t, partitions: {day: [a, b]}}
              f: {source: {connection: web}, target: t}
            """,
            [
                "bobbin.yaml:6:33: jobs.a.source.files: \"x/*.csv\": there is no listing over http, so no globs: name each file, with {placeholders} for the values of partitions",
                "bobbin.yaml:7:49: jobs.b.source.path: the key is for pages of records, and the source names `files`: keep one of them",
                "bobbin.yaml:7:59: jobs.b.source.page_size: the key is for pages of records, and the source names `files`: keep one of them",
                "bobbin.yaml:8:43: jobs.c.source.format: the key is for files; name them under `files`, in place of `path`",
                "bobbin.yaml:9:7: jobs.d.source.path: the key is missing; expected text with {placeholders}",
                "bobbin.yaml:9:34: jobs.d.source.files: the key is for connection type http; here connection type is s3",
                "bobbin.yaml:10:33: jobs.e.source.files: nothing in the source uses {day}, so every value of that partition would read the same rows; put it into the files",
                "bobbin.yaml:11:7: jobs.f.source.path: the key is missing; expected text with {placeholders}",
            ]
        ),
    ]

    @Test(arguments: keys) func fileMessages(yaml: String, expected: [String]) {
        #expect(problems(yaml) == expected)
    }

    static let streams: [(job: String, source: String, expected: [String])] = [
        (
            "    mode: replce-partition", "",
            [
                #"bobbin.yaml:14:11: jobs.j.mode: expected one of append, insert-only, merge, update-only, scd2, replace-partition, replace, found "replce-partition"; did you mean "replace-partition"?"#
            ]
        ),
        (
            "    mode: replace", "",
            [
                "bobbin.yaml:14:5: jobs.j.mode: replace exchanges the whole table, so each partition would wipe the others; use replace-partition, or remove partitions"
            ]
        ),
        (
            "    mode: merge", "",
            [
                "bobbin.yaml:7:3: jobs.j.primary_key: the key is missing; mode merge needs the columns that identify a row"
            ]
        ),
        (
            "    mode: insert-only", "",
            [
                "bobbin.yaml:7:3: jobs.j.primary_key: the key is missing; mode insert-only needs the columns that identify a row"
            ]
        ),
        (
            "    mode: merge\n    primary_key: [id, id]", "",
            [
                #"bobbin.yaml:15:5: jobs.j.primary_key: "id" stands twice; keep one"#,
                "bobbin.yaml:15:5: jobs.j.primary_key: mode merge needs the partition columns in the key; add p",
            ]
        ),
        (
            "    mode: replace-partition\n    primary_key: id", "",
            [
                "bobbin.yaml:15:5: jobs.j.primary_key: mode replace-partition needs the partition columns in the key; add p"
            ]
        ),
        (
            "    mode: append\n    delete_missing: true\n    delete_marker: gone\n    soft_delete: true", "",
            [
                "bobbin.yaml:15:5: jobs.j.delete_missing: mode append deletes nothing by itself; use merge or scd2, or take the key out",
                "bobbin.yaml:16:5: jobs.j.delete_marker: mode append deletes nothing by itself; use merge or scd2, or take the key out",
                "bobbin.yaml:17:5: jobs.j.soft_delete: the key is for merge; use that, or take the key out",
            ]
        ),
        (
            "    mode: merge\n    primary_key: [id, p]\n    soft_delete: true", "",
            [
                "bobbin.yaml:16:5: jobs.j.soft_delete: nothing says which rows are deleted; name a delete_marker, or set delete_missing: true"
            ]
        ),
        (
            "    mode: scd2\n    primary_key: [id, p]\n    soft_delete: true\n    delete_marker: {values: [D]}", "",
            [
                "bobbin.yaml:16:5: jobs.j.soft_delete: scd2 keeps deleted rows as versions that have ended; take the key out",
                "bobbin.yaml:17:5: jobs.j.delete_marker.column: the key is missing; expected a name of at most 255 bytes",
            ]
        ),
        (
            "    table: _bobbin_head", "",
            [
                "bobbin.yaml:14:5: jobs.j.table: names of tables that begin with _bobbin_ are reserved; choose another"
            ]
        ),
        (
            "    columns: {a: intger, b: null}", "",
            [
                #"bobbin.yaml:14:18: jobs.j.columns.a: expected one of boolean, integer, bigint, double, decimal, date, time, datetime, timestamp, uuid, bytes, json, text, found "intger"; did you mean "integer"?"#,
                "bobbin.yaml:14:29: jobs.j.columns.b: expected one of boolean, integer, bigint, double, decimal, date, time, datetime, timestamp, uuid, bytes, json, text, found nothing",
            ]
        ),
        (
            "    retry: {strategy: fixed, multiplier: 2}", "",
            [
                "bobbin.yaml:14:30: jobs.j.retry.multiplier: the key is for strategy exponential; here strategy is fixed"
            ]
        ),
        (
            "    retry: {strategy: list}", "",
            [
                "bobbin.yaml:14:5: jobs.j.retry.delays: the key is missing; expected a list, each item a duration such as 30s"
            ]
        ),
        (
            "    min_share: 2\n    max_rejects: {share: 1,5%}\n    on_failure: {command: notify}", "",
            [
                #"bobbin.yaml:14:16: jobs.j.min_share: expected a share from 0 to 1, or such as 1%, found "2""#,
                "bobbin.yaml:15:28: jobs.j.max_rejects.\"5%\": unknown key; known here: rows, share",
                "bobbin.yaml:16:27: jobs.j.on_failure.command: expected a list, each item text, found text",
            ]
        ),
        (
            "    table: ${X}", "",
            [
                #"bobbin.yaml:14:12: jobs.j.table: expected a name of at most 255 bytes, found "${X}": environment variables are read only in spool, connections and on_failure.webhook"#
            ]
        ),
        (
            "    partitions: {p: [a, b, a], page: [x], q: {last_days: 3, from: 2026-01-01}, r: [], s: , t: {from: 2026-01-02, to: 2026-01-01}}",
            "",
            [
                "bobbin.yaml:14:28: jobs.j.partitions.p[2]: \"a\" stands twice; keep one",
                "bobbin.yaml:14:32: jobs.j.partitions.page: the name is that of a placeholder ({page}); call the partition otherwise",
                "bobbin.yaml:14:46: jobs.j.partitions.q: expected last_days alone, or from and to together",
                "bobbin.yaml:14:83: jobs.j.partitions.r: the list is empty; name at least one",
                "bobbin.yaml:14:90: jobs.j.partitions.s: expected path, or a list, each item a name of at most 255 bytes, or a section, found nothing",
                "bobbin.yaml:14:114: jobs.j.partitions.t.to: the last day 2026-01-01 is before the first, 2026-01-02",
            ]
        ),
        (
            "    partitions: {p: {last_days: 36500}, q: {from: 2026-01-01, to: 2026-01-31}}", "",
            [
                "bobbin.yaml:11:7: jobs.j.source.path: nothing in the source uses {q}, so every value of that partition would read the same rows; put it into the path, the query or the body",
                "bobbin.yaml:14:5: jobs.j.partitions: the values make more than 100000 combinations; use fewer",
            ]
        ),
        (
            "", "      pagination: {type: cursr, field: rank}",
            [
                #"bobbin.yaml:12:26: jobs.j.source.pagination.type: expected one of none, cursor, next_cursor, page, link, next_url, found "cursr"; did you mean "cursor"?"#
            ]
        ),
        (
            "", "      pagination: {type: page, field: rank, parameter: p, start: first}",
            [
                "bobbin.yaml:12:32: jobs.j.source.pagination.field: the key is for type cursor; here type is page",
                #"bobbin.yaml:12:59: jobs.j.source.pagination.start: expected a whole number from 0 to 1000000000, found "first""#,
            ]
        ),
        (
            "", "      pagination: {type: cursor}",
            [
                "bobbin.yaml:12:7: jobs.j.source.pagination.field: the key is missing; expected a name of at most 255 bytes",
                "bobbin.yaml:12:20: jobs.j.source.pagination.type: nothing carries the cursor to the server, so every page would be the first; use {cursor} in the query or name a parameter",
            ]
        ),
        (
            "", "      query: {a: \"{pp}\", b: \"{cursor}\", c: \"{x\", d: \"${KEY}\"}",
            [
                #"bobbin.yaml:12:18: jobs.j.source.query.a: unknown placeholder {pp}; known here: p, page_size; did you mean "p"?"#,
                "bobbin.yaml:12:29: jobs.j.source.query.b: {cursor} needs pagination of type cursor or next_cursor",
                #"bobbin.yaml:12:44: jobs.j.source.query.c: expected text with {placeholders}, found "{x": a { is not closed (write {{ for the brace itself)"#,
                #"bobbin.yaml:12:53: jobs.j.source.query.d: expected text with {placeholders}, found "${KEY}": environment variables are read only in spool, connections and on_failure.webhook"#,
            ]
        ),
        (
            "", "      records: data\n      format: csv\n      body: {a: 1}\n      headers: {\"a b\": x}",
            [
                #"bobbin.yaml:12:16: jobs.j.source.records: expected a JSON pointer such as /data/items, found "data""#,
                "bobbin.yaml:13:7: jobs.j.source.format: the key is for files; name them under `files`, in place of `path`",
                "bobbin.yaml:14:7: jobs.j.source.body: a body needs method POST",
                #"bobbin.yaml:15:17: jobs.j.source.headers."a b": expected a header name, found "a b""#,
            ]
        ),
        (
            "    mode: replace-partition", "      incremental: {cursor: id, since: x, lookback: 1h, format: integer}",
            [
                "bobbin.yaml:12:7: jobs.j.source.incremental: mode replace-partition replaces what it does not read again; use append, insert-only or merge",
                "bobbin.yaml:12:7: jobs.j.source.incremental: nothing in the source uses {since}, so every run would read all; put it in",
                #"bobbin.yaml:12:33: jobs.j.source.incremental.since: expected a value of format integer, found "x""#,
                "bobbin.yaml:12:43: jobs.j.source.incremental.lookback: a duration cannot be taken from a column of format integer",
            ]
        ),
    ]

    @Test(arguments: streams) func streamMessages(job: String, source: String, expected: [String]) {
        #expect(problems(file(job: job, source: source)) == expected)
    }

    static let jobs: [(String, [String])] = [
        ("", ["bobbin.yaml:3:3: jobs.j: the job is empty; it needs a source"]),
        (
            "{target: db}",
            ["bobbin.yaml:3:3: jobs.j.source: the key is missing; expected a section with a connection and a path"]
        ),
        (
            "{source: {connection: api, path: /x}}",
            [
                "bobbin.yaml:3:3: jobs.j.target: the key is missing; name a connection of type sqlite, duckdb, parquet, postgres, mysql, odbc"
            ]
        ),
        (
            "{target: [db, bd], source: {connection: ap, path: /x}}",
            [
                #"bobbin.yaml:3:7: jobs.j.target: there is no connection "bd"; known: api, db; did you mean "db"?"#,
                #"bobbin.yaml:3:34: jobs.j.source.connection: there is no connection "ap"; known: api, db; did you mean "api"?"#,
            ]
        ),
        (
            "{target: api, source: {connection: db, path: /x}}",
            [
                #"bobbin.yaml:3:7: jobs.j.target: the connection "api" is of type http, which rows cannot be written to; name one of type sqlite, duckdb, parquet, postgres, mysql, odbc"#,
                "bobbin.yaml:3:45: jobs.j.source.path: the key is for connection type http or files or s3 or sftp; here connection type is sqlite",
            ]
        ),
        (
            "{target: db, source: {connection: db, query: SELECT 1}}",
            [
                "bobbin.yaml:3:44: jobs.j.source.query: the key is for connection type http; here connection type is sqlite; the query of a database is a key of the stream: `streams: {NAME: {query: \"SELECT ...\"}}`",
                "bobbin.yaml:3:51: jobs.j.source.query: expected a section of names, each with text with {placeholders}, found text",
            ]
        ),
        (
            "{target: db, source: {connection: api}}",
            [
                "bobbin.yaml:3:19: jobs.j.source.path: the key is missing; expected text with {placeholders}"
            ]
        ),
        (
            "{target: db, source: {connection: api, path: /x}, mode: replace-partition}",
            [
                "bobbin.yaml:3:56: jobs.j.mode: replace-partition needs partitions; name them, or use replace"
            ]
        ),
        (
            "{target: db, source: {connection: api, path: /x}, streams: {}}",
            [
                "bobbin.yaml:3:56: jobs.j.streams: there are no streams; name one, or leave the key out"
            ]
        ),
        (
            "{target: db, source: {connection: api, path: /x}, streams: {a: {table: T}, b: {table: t}}}",
            [
                #"bobbin.yaml:3:85: jobs.j.streams.b.table: the table "t" of "db" belongs to the stream j.a; give this one a table of its own"#
            ]
        ),
    ]

    @Test(arguments: jobs) func jobMessages(job: String, expected: [String]) {
        let yaml = """
            connections: {api: {type: http, base_url: "http://x"}, db: {type: sqlite, path: w.db}}
            jobs:
              j: \(job)
            """
        #expect(problems(yaml) == expected)
    }

    @Test func filesNeedColumnsOrHeader() {
        let yaml = """
            connections: {disk: {type: files, path: in}, db: {type: sqlite, path: w.db}}
            jobs:
              j: {target: db, source: {connection: disk, path: "{page_size}*", header: false, delimiter: ";;"}}
            """
        #expect(
            problems(yaml) == [
                "bobbin.yaml:3:19: jobs.j.source.columns: the key is missing; files without a header line need the names of their columns",
                "bobbin.yaml:3:46: jobs.j.source.path: {page_size} needs a connection of type http",
                #"bobbin.yaml:3:94: jobs.j.source.delimiter: expected one ASCII character, not a quote or line end, found ";;""#,
            ])
    }

    @Test func twoConnectionsToOneFileShareItsTables() {
        let yaml = """
            connections:
              api: {type: http, base_url: "http://x"}
              one: {type: sqlite, path: w.db}
              two: {type: sqlite, path: w.db}
            defaults: {source: {connection: api, path: /x, format: csv}, table: t}
            jobs: {a: {target: one, table: t}, b: {target: two, table: t}}
            """
        #expect(
            problems(yaml) == [
                #"bobbin.yaml:5:62: defaults.table: unknown key; known here: source, target, mode, primary_key, partitions, parallelism, priority, retry, timeouts, chunk, columns, shape, cursor, lag, since, null_cursor, delete_marker, delete_missing, soft_delete, contract, allow_empty, min_share, max_rejects, on_failure"#,
                #"bobbin.yaml:6:53: jobs.b.table: the table "t" of "two" belongs to the stream a.t; give this one a table of its own"#,
            ])
    }

    @Test func anyUnicodeNames() throws {
        let long = String(repeating: "é", count: 127)
        for name in ["../x", "a/b", "😀", "domain..d", " ", "名前", long] {
            let yaml = """
                connections: {api: {type: http, base_url: "http://x"}, db: {type: sqlite, path: w.db}}
                jobs: {"\(name)": {target: db, source: {connection: api, path: /x}}}
                """
            #expect(try settings(yaml).jobs.map(\.name) == [name])
        }
        for name in [long + "é", "a\\0b"] {
            let yaml = """
                connections: {api: {type: http, base_url: "http://x"}, db: {type: sqlite, path: w.db}}
                jobs: {"\(name)": {target: db, source: {connection: api, path: /x}}}
                """
            #expect(problems(yaml).count == 1)
        }
    }
}
