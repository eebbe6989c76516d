import Testing

@testable import Configuration

@Suite struct FingerprintTests {
    func fingerprint(_ yaml: String, variables: [String: String] = [:]) throws -> String {
        let settings = try settings(yaml, variables: variables)
        return settings.fingerprint(of: try #require(settings.jobs.first?.streams.first))
    }

    @Test func isStable() throws {
        let found = try fingerprint(example)
        #expect(found == "7b9468e1873266c8")
    }

    @Test func ignoresWhatDoesNotChangeRows() throws {
        let plain = try fingerprint(file())
        #expect(
            try fingerprint(file(job: "    priority: 1\n    chunk: {rows: 1}\n    retry: {max_attempts: 1}")) == plain)
        let auth = file().replacing("localhost:1\"", with: "localhost:1\", auth: {bearer: \"${A}\"}")
        #expect(try fingerprint(auth, variables: ["A": "1"]) == plain)
        #expect(try fingerprint(auth, variables: ["A": "2"]) == plain)
    }

    @Test(arguments: [
        "      query: {a: b}", "      query: {ab: \"\"}", "      records: /x", "      page_size: 2",
        "      method: POST",
        "      pagination: {type: link}", "      pagination: {type: cursor, field: a, parameter: b}",
        "      pagination: {type: cursor, field: b, parameter: a}", "      method: POST\n      body: {a: 1}",
        "      method: POST\n      body: {a: \"1\"}", "      headers: {a: b}",
    ])
    func dependsOnTheSource(source: String) throws {
        let all = [
            "", "      query: {a: b}", "      query: {ab: \"\"}", "      records: /x", "      page_size: 2",
            "      method: POST",
            "      pagination: {type: link}", "      pagination: {type: cursor, field: a, parameter: b}",
            "      pagination: {type: cursor, field: b, parameter: a}", "      method: POST\n      body: {a: 1}",
            "      method: POST\n      body: {a: \"1\"}", "      headers: {a: b}",
        ]
        let same = try all.filter { try fingerprint(file(source: $0)) == fingerprint(file(source: source)) }
        #expect(same == [source])
    }

    /// A password of a connection string does not count, the database does.
    @Test func connectionStringsCountByTheirPlace() throws {
        func of(_ server: String, _ password: String) throws -> String {
            try fingerprint(
                """
                connections:
                  db: {type: odbc, connection_string: "Driver=x;Server=\(server);PWD=${A}"}
                  out: {type: sqlite, path: w.db}
                jobs:
                  j: {source: {connection: db, table: t}, target: out}
                """, variables: ["A": password])
        }
        #expect(try of("a", "1") == of("a", "2"))
        #expect(try of("a", "1") != of("b", "1"))
    }
}
