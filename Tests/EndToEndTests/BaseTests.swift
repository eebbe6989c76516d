import Foundation
import Testing

/// The program where none of the databases' client libraries is: it needs what the build needs, and says what else it would.
@Suite struct BaseTests {
    /// A directory that holds the program, the libraries it is linked to, and nothing else of the system.
    private static func root(_ site: Site) throws -> URL {
        let root = site.directory.appendingPathComponent("root")
        // Of the files that are not the system's own: a library is where the linker found it.
        let script = """
            set -euo pipefail
            root=$1 program=$2
            mkdir -p "$root/proc" "$root/tmp" "$root/site/in" "$root/etc"
            cp "$program" "$root/bobbin"
            ldd "$program" | awk '/=> \\//{print $3} /^\\t\\//{print $1}' | while read -r library; do
                mkdir -p "$root$(dirname "$library")"
                cp -L "$library" "$root$library"
            done
            """
        let made = try Running("/bin/bash", ["-c", script, "bash", root.path, Programs.bobbin], in: site.directory)
            .wait()
        #expect(made.status == 0, "\(made.errors)")
        return root
    }

    private static func bobbin(_ site: Site, _ root: URL, _ arguments: String...) throws -> Ended {
        let script = "mount --rbind /proc \"$1/proc\"; exec chroot \"$1\" /bobbin \"${@:2}\""
        let isRoot = geteuid() == 0
        return try Running(
            "/usr/bin/env",
            ["unshare", isRoot ? "-m" : "-rm", "bash", "-ec", script, "bash", root.path] + arguments, in: site.directory
        ).wait()
    }

    @Test func onlyTheBuildsLibrariesAreNeeded() throws {
        let site = try Site()
        let root = try Self.root(site)
        let found = try Running(
            "/bin/bash", ["-c", "find \"$1\" -name '*.so*' -printf '%f\\n'", "bash", root.path], in: site.directory
        ).wait().output
        for client in ["libpq.", "libmariadb", "libmysqlclient", "libduckdb", "libodbc"] {
            #expect(!found.contains(client), "\(client) is linked")
        }
        #expect(found.contains("libsqlite3") && found.contains("libcurl") && found.contains("libzstd"))
        try site.write("root/site/in/a.ndjson", "{\"id\":1}\n{\"id\":2}\n")
        try site.write(
            "root/site/bobbin.yaml",
            """
            spool: /site/spool
            connections:
              files: {type: files, path: /site/in}
              lake: {type: sqlite, path: /site/lake.db}
              erp: {type: postgres, host: db.example, database: erp}
              shop: {type: mysql, host: db.example, database: shop}
              olap: {type: duckdb, path: /site/olap.duckdb}
              old: {type: odbc, dsn: old}
            jobs:
              a: {source: {connection: files, path: "*.ndjson"}, target: lake}
              b: {source: {connection: files, path: "*.ndjson"}, target: [erp, shop, olap]}
            """)
        let run = try Self.bobbin(site, root, "run", "a", "-c", "/site/bobbin.yaml")
        #expect(run.status == 0 && run.output.contains("2 loaded"), "\(run.output)\(run.errors)")
        // One sentence that names what to install.
        for (name, library, package) in [
            ("erp", "libpq.so.5", "libpq5"), ("shop", "libmariadb.so.3", "libmariadb3"),
            ("olap", "libduckdb", "duckdb.org"), ("old", "libodbc.so.2", "libodbc2"),
        ] {
            let test = try Self.bobbin(site, root, "connections", "test", name, "-c", "/site/bobbin.yaml")
            let said = test.output + test.errors
            #expect(test.status != 0 && said.contains(library) && said.contains(package), "\(name): \(said)")
        }
    }
}
