import Manifest
import Testing

@testable import Configuration

@Suite struct PrecedenceTests {
    /// A file in which `priority` stands at the given levels, with another value at each.
    static func yaml(_ levels: Set<String>) -> String {
        func line(_ level: String, _ indent: Int, _ value: Int) -> String {
            levels.contains(level) ? String(repeating: " ", count: indent) + "priority: \(value)" : ""
        }
        return """
            connections: {api: {type: http, base_url: "http://x"}, db: {type: sqlite, path: w.db}}
            defaults:
              target: db
            \(line("top", 2, 1))
            jobs:
              j:
            \(line("job", 4, 2))
                source: {connection: api, path: /x}
                defaults:
                  parallelism: 3
            \(line("defaults", 6, 3))
                streams:
                  s:
                    table: t
            \(line("stream", 8, 4))
            """
    }

    @Test(
        arguments: [
            ([], 50), (["top"], 1), (["top", "job"], 2), (["top", "job", "defaults"], 3),
            (["top", "job", "defaults", "stream"], 4), (["job", "defaults"], 3), (["top", "stream"], 4),
        ] as [(Set<String>, Int)])
    func nearestWins(levels: Set<String>, priority: Int) throws {
        let stream = try #require(try settings(Self.yaml(levels)).jobs.first?.streams.first)
        #expect(stream.priority == priority)
        #expect(stream.parallelism == 3)
        #expect(stream.name == "s" && stream.table == "t")
    }

    @Test func sectionsAreJoinedAndMapsTakenWhole() throws {
        let yaml = """
            connections: {api: {type: http, base_url: "http://x"}, db: {type: sqlite, path: w.db}}
            defaults:
              target: db
              chunk: {rows: 10, bytes: 2MB}
              columns: {a: text}
              retry: {strategy: linear, initial_delay: 2s, increment: 3s, max_attempts: 9}
              source: {page_size: 7}
            jobs:
              j:
                source: {connection: api, query: {x: "1"}}
                streams:
                  a: {source: {path: /a}, chunk: {rows: 20}, columns: {b: date}, retry: {max_attempts: 2}}
                  b: {source: {path: /b, query: {y: "2"}}, retry: {strategy: fixed}}
                  c: {source: {path: /c}}
            """
        let streams = try settings(yaml).jobs.first?.streams ?? []
        #expect(streams.map(\.name) == ["a", "b", "c"])
        #expect(streams.map(\.chunk.rows) == [20, 10, 10])
        #expect(streams.map(\.chunk.bytes) == [2_000_000, 2_000_000, 2_000_000])
        #expect(streams.map(\.columns) == [["b": .date], ["a": .text], ["a": .text]])
        let linear = RetryPolicy.Strategy.linear(initial: .seconds(2), increment: .seconds(3), maximum: .seconds(30))
        #expect(
            streams.map(\.retry) == [
                RetryPolicy(strategy: linear, maxAttempts: 2, jitter: true),
                RetryPolicy(strategy: .fixed(.seconds(1)), maxAttempts: 4, jitter: true),
                RetryPolicy(strategy: linear, maxAttempts: 9, jitter: true),
            ])
        let sources = streams.compactMap { stream -> HTTPSourceSettings? in
            guard case .http(let source) = stream.source else { return nil }
            return source
        }
        #expect(sources.map(\.path.description) == ["/a", "/b", "/c"])
        #expect(sources.map(\.pageSize) == [7, 7, 7])
        #expect(sources.map { $0.query.map(\.name) } == [["x"], ["y"], ["x"]])
    }

    @Test func flatJobIsItsStream() throws {
        let yaml = file(job: "    priority: 7\n    defaults: {priority: 8, parallelism: 9}")
        let stream = try #require(try settings(yaml).jobs.first?.streams.first)
        #expect(stream.priority == 7 && stream.parallelism == 9)
    }
}
