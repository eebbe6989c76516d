/// The files that `bobbin init` can write.
package enum StarterKind: String, Sendable, CaseIterable {
    /// A paged HTTP API into SQLite.
    case http
    /// Files into SQLite.
    case files
}

/// A commented configuration file that is valid as it stands.
package func starter(_ kind: StarterKind) -> String {
    switch kind {
    case .http:
        """
        # Bobbin: one job from a paged HTTP API into SQLite. Every key: docs/configuration.md
        # Next: `bobbin plan` shows what would run, `bobbin preview events` shows rows, `bobbin run` runs it.
        spool: spool                  # the durable queue between extraction and loading
        timezone: UTC                 # where days begin

        connections:
          upstream:
            type: http
            base_url: "http://127.0.0.1:8083"
            # auth: {bearer: "${UPSTREAM_TOKEN}"}      # secrets: only ${ENVIRONMENT} or file:PATH
            # rate_limit: 10/s
          warehouse:
            type: sqlite
            path: warehouse.db

        defaults:
          target: warehouse
          retry: {strategy: exponential, initial_delay: 1s, multiplier: 2, max_delay: 30s, max_attempts: 4}

        jobs:
          events:
            source:
              connection: upstream
              path: /faults
              query: {domain: "{domain}", date: "{data_date}", lastRank: "{cursor}", limit: "{page_size}"}
              records: /data          # where the records are in an answer
              page_size: 5000
              pagination: {type: cursor, field: rank, start: 0, stop: short_page}
            partitions:               # each combination is extracted by itself
              domain: [domain_a, domain_b]
              data_date: {last_days: 5}
            table: events
            primary_key: [domain, data_date, rank]
            mode: replace-partition   # or append, insert-only, merge, replace

        """
    case .files:
        """
        # Bobbin: one job from files into SQLite. Every key: docs/configuration.md
        # Next: `bobbin plan` shows what would run, `bobbin preview events` shows rows, `bobbin run` runs it.
        spool: spool                  # the durable queue between extraction and loading

        connections:
          inbox:
            type: files
            path: inbox               # the directory below which files are sought
          warehouse:
            type: sqlite
            path: warehouse.db

        jobs:
          events:
            source:
              connection: inbox
              path: "**/*.ndjson.gz"  # also .json, .csv, .tsv; plain, .gz or .zst
            target: warehouse
            table: events
            mode: append              # a file seen before is read again only when it changed

        """
    }
}
