import Testing

@testable import Configuration

/// Two connections to one place are one place, however they are written.
@Suite struct PlaceTests {
    private func place(_ connection: String) throws -> String? {
        let found = try settings(file(connections: "  it: {\(connection)}"), variables: ["U": "postgres://a:b@h/d"])
        return try #require(found.connections["it"]).place
    }

    @Test(arguments: [
        [
            "type: sqlite, path: w.db", "type: sqlite, path: ./w.db",
            "type: sqlite, path: x/.././/w.db, busy_timeout: 1s",
        ],
        ["type: duckdb, path: /l/w.db", "type: duckdb, path: /l//w.db, threads: 1"],
        [
            "type: postgres, url: \"postgres://u@db.example/erp\"",
            "type: postgres, url: \"postgresql://v@DB.example:5432/erp?application_name=x\"",
            "type: postgres, host: db.example, database: erp, lock_timeout: 1s",
            "type: postgres, url: \"postgres://other/erp\", host: db.example, port: 5432, schema: public",
        ],
        ["type: postgres, url: \"postgres://127.0.0.1/erp\"", "type: postgres, host: localhost, database: erp"],
        ["type: postgres, url: \"postgres://[::1]:5432/erp\"", "type: postgres, host: localhost, database: erp"],
        ["type: postgres, url: \"${U}\"", "type: postgres, host: h, database: d"],
        [
            "type: mysql, host: localhost, database: d", "type: mysql, database: d, lock_timeout: 1s",
            "type: mysql, host: 127.0.0.1, port: 3306, database: d",
        ],
    ]) func isOne(_ connections: [String]) throws {
        let places = try connections.map { try place($0) }
        #expect(places[0] != nil && Set(places).count == 1, "\(places)")
    }

    @Test(arguments: [
        [
            "type: sqlite, path: w.db", "type: sqlite, path: x/w.db", "type: sqlite, path: ../w.db",
            "type: sqlite, path: /w.db",
        ],
        [
            "type: postgres, url: \"postgres://h/a\"", "type: postgres, url: \"postgres://h/b\"",
            "type: postgres, url: \"postgres://h:5433/a\"", "type: postgres, url: \"postgres://g/a\"",
            "type: postgres, url: \"postgres://h/a\", schema: s",
        ],
        [
            "type: mysql, host: h, database: a", "type: mysql, host: h, database: b",
            "type: mysql, host: h, database: a, port: 3307", "type: mysql, socket: /s, database: a",
        ],
    ]) func areMany(_ connections: [String]) throws {
        let places = try connections.map { try place($0) }
        #expect(Set(places).count == connections.count, "\(places)")
    }
}
