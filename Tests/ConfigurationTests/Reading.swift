@testable import Configuration

struct NoSuchFile: Error {}

/// Reads a text as `bobbin.yaml`, with variables and files given.
func settings(
    _ yaml: String, variables: [String: String] = [:], files: [String: String] = [:],
    needs: Set<Connection.Role> = [.source, .target]
) throws(ConfigurationError) -> Settings {
    let environment = Environment(
        variable: { variables[$0] },
        readFile: { path in
            guard let text = files[path] else { throw NoSuchFile() }
            return Array(text.utf8)
        },
        needs: needs)
    return try Settings(yaml: Array(yaml.utf8), file: "bobbin.yaml", environment: environment)
}

/// The lines of the error that a text gives; empty when it is valid.
func problems(_ yaml: String, variables: [String: String] = [:], files: [String: String] = [:]) -> [String] {
    do {
        _ = try settings(yaml, variables: variables, files: files)
        return []
    } catch {
        return error.issues.map(\.description)
    }
}

/// A valid file with one flat job `j`, to which the keys of `job` are added (four spaces in), and of `source` (six).
func file(job: String = "", source: String = "", connections: String = "", more: String = "") -> String {
    """
    connections:
      api: {type: http, base_url: "http://localhost:1"}
      disk: {type: files, path: in}
      db: {type: sqlite, path: w.db}
    \(connections)
    jobs:
      j:
        target: db
        source:
          connection: api
          path: "/x{p}"
    \(source)
    \(job.contains("partitions") ? "" : "    partitions: {p: [a, b]}")
    \(job)
    \(more)
    """
}

let example = """
    spool: spool
    connections:
      upstream:  {type: http, base_url: "http://127.0.0.1:8083"}
      warehouse: {type: sqlite, path: warehouse.db}
    defaults:
      target: warehouse
      retry: {strategy: exponential, initial_delay: 1s, multiplier: 2, max_delay: 30s, max_attempts: 4, jitter: true}
    jobs:
      faults:
        source:
          connection: upstream
          path: /faults
          query: {domain: "{domain}", date: "{data_date}", lastRank: "{cursor}", limit: "{page_size}"}
          records: /data
          page_size: 5000
          pagination: {type: cursor, field: rank, start: 0, stop: short_page}
        partitions:
          domain: [domain_a, "domain/b ü"]
          data_date: {last_days: 5}          # or {from: 2026-03-01, to: 2026-03-03}, or a list
        parallelism: 20
        table: fault_record
        primary_key: [domain, data_date, rank]
        mode: replace-partition
    """
