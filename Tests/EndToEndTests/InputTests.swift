import Foundation
import Testing

/// Inputs of the shapes that real sources have: a folder of wide daily files behind an API, values of any JSON, changes.
@Suite struct InputTests {
    /// One day of a wide table: quoted commas, quotes and line breaks, empty cells, big numbers; from its number alone.
    private static func day(_ day: Int, rows: Int, changed: Int? = nil) -> (csv: String, sum: Int, failed: Int) {
        let columns = ["serial", "model", "capacity", "failure"] + (0..<40).map { "smart_\($0)" }
        var csv = columns.joined(separator: ",") + "\r\n"
        var sum = 0
        var failed = 0
        for row in 0..<rows {
            let capacity = 4_000_787_030_016 + row * 7 + day + (row == changed ? 1 : 0)
            let failure = (row + day) % 50 == 0 ? 1 : 0
            sum += capacity
            failed += failure
            let model = ["\"ST4000DM000, \"\"A\"\"\"", "Hitachi é", "\"two\nlines\""][row % 3]
            let smart = (0..<40).map { $0 % 4 == row % 4 ? "" : "\(row * $0)" }
            csv += (["S\(row)", model, "\(capacity)", "\(failure)"] + smart).joined(separator: ",") + "\r\n"
        }
        return (csv, sum, failed)
    }

    @Test func aFolderOfWideDaysThroughTheAPI() throws {
        let site = try Site()
        let days = (1...3).map { Self.day($0, rows: 700) }
        for (index, day) in days.enumerated() { try site.write("served/2026-03-0\(index + 1).csv", day.csv) }
        try site.startUpstream(["--serve", "served"])
        try site.write(
            "bobbin.yaml",
            """
            connections:
              upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              drives:
                source:
                  connection: upstream
                  path: "/files/{data_date}.csv"
                  query: {after: "{cursor}", limit: "{page_size}"}
                  records: /data
                  page_size: 100
                  pagination: {type: cursor, field: _line, start: 0}
                partitions: {data_date: {from: 2026-03-01, to: 2026-03-03}}
                target: warehouse
                primary_key: [data_date, serial]
                mode: replace-partition
            """)
        let totals = """
            select data_date, count(*), sum(cast(capacity as integer)), sum(cast(failure as integer)) from drives group by 1
            """
        let expected = { (days: [(csv: String, sum: Int, failed: Int)]) in
            days.enumerated().map { ["2026-03-0\($0 + 1)", 700, $1.sum, $1.failed] as NSArray } as NSArray
        }
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query(totals) as NSArray == expected(days))
        #expect(
            try site.query("select distinct model from drives order by 1") as NSArray
                == [["Hitachi é"], ["ST4000DM000, \"A\""], ["two\nlines"]] as NSArray)
        // Not one cell differs after a second run.
        let content = "select * from drives order by data_date, serial"
        let before = try site.query(content) as NSArray
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query(content) as NSArray == before)
        // One cell of one day: that row alone differs.
        let changed = [days[0], Self.day(2, rows: 700, changed: 333), days[2]]
        try site.write("served/2026-03-02.csv", changed[1].csv)
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.query(totals) as NSArray == expected(changed))
        let after = try site.query(content)
        let different = zip(before, after).filter { ($0 as? NSArray) != ($1 as NSArray) }
        #expect(before.count == after.count && different.count == 1)
        #expect(different.first?.1.contains { ($0 as? String) == "S333" } ?? false)
    }

    /// Texts that are JSON values, and what SQLite holds of them in a column of texts.
    static let values: [(String, String)] = [
        ("[]", "[]"), ("[[]]", "[[]]"), ("{\"a\":{\"b\":[null,true,1e5]}}", "{\"a\":{\"b\":[null,true,1e5]}}"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("-0", "-0"), ("1E-2", "1E-2"),
        ("0.10000000000000000000000000000000001", "0.10000000000000000000000000000000001"), ("true", "true"),
        ("\"\"", ""), ("\"\\u0060\\u012a\\u12AB\"", "\u{60}\u{12a}\u{12ab}"), ("\"\\uD801\\udc37\"", "\u{10437}"),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{c}\n\r\t"), ("\"\u{7F}\"", "\u{7F}"),
        ("\"\u{FFFF}\"", "\u{FFFF}"),
        ("\"\u{2028}\u{2029}\"", "\u{2028}\u{2029}"), ("\"new\\u00A0line\"", "new\u{a0}line"),
        ("{\"a\":\"b\",\"a\":\"c\"}", "{\"a\":\"b\",\"a\":\"c\"}"), ("{\"\":0}", "{\"\":0}"),
        ("\"\\u005C\\u0000\\u005C\"", "\\\u{0}\\"), ("\"asd \\u0022\"", "asd \""), (" [1 , 2 ] ", "[1 , 2 ]"),
        (String(repeating: "[", count: 200) + String(repeating: "]", count: 200), ""),
    ]

    /// Texts that are none.
    static let notValues = [
        "[1 true]", "[a\u{301}]", "[\"\": 1]", "[,]", "[1,,]", "[\"x\"]]", "[\"\",]", "[\"x\"", "[x", "[3[4]]", "[1:2]",
        "[-]",
        "[+1]", "[-01]", "[-1.0.]", "[-2.]", "[.2e-3]", "[0.1.2]", "[0e+-1]", "[0E+]", "[1eE2]", "[2.e+3]",
        "[Infinity]",
        "[0x1]", "[012]", "[- 1]", "[NaN]", "{\"a\":\"a\" 123}", "{key: 'value'}", "{\"a\" b}", "{:\"b\"}", "{1:1}",
        "{'a':0}",
        "{\"id\":0,}", "{\"a\":\"b\"}/**/", "{\"a\":true} \"x\"", "[\"\\u00A\"]", "[\"\\x00\"]", "[\"\\\\\\\"]",
        "[\"\\a\"]",
        "\"\\", "[\"a\u{0}a\"]", "[\"\t\"]", "[\u{c}]", "True", "nul", "[", "[<null>]", "*", "[\u{2060}]", "\u{feff}1",
        "\"\\ud800\"", "\"\\udc00\\ud800\"",
    ]

    @Test func valuesOfAnyShapeLoadUnchangedOrAreRefused() throws {
        let site = try Site()
        try site.write(
            "bobbin.yaml",
            """
            connections:
              files: {type: files, path: in}
              warehouse: {type: sqlite, path: warehouse.db}
            jobs:
              v:
                source: {connection: files, path: "*.ndjson"}
                columns: {v: text}
                target: warehouse
                mode: append
            """)
        let good = Self.values.enumerated().map { "{\"id\":\($0),\"v\":\($1.0)}" }
        let bad = Self.notValues.enumerated().map { "{\"id\":\(1000 + $0),\"v\":\($1)}" }
        // Mixed, so that a refused line has loaded ones around it.
        var lines: [String] = []
        for index in 0..<max(good.count, bad.count) {
            if index < bad.count { lines.append(bad[index]) }
            if index < good.count { lines.append(good[index]) }
        }
        try site.write("in/a.ndjson", lines.joined(separator: "\n") + "\n")
        let ended = try site.bobbin("run", "--json")
        #expect(ended.status == 1, "rejected rows are told: \(ended.errors)")
        let rows = try site.query("select id, hex(v) from v order by id")
        #expect(rows.count == Self.values.count)
        for (row, (index, value)) in zip(rows, Self.values.enumerated()) {
            let text = value.1.isEmpty && value.0 != "\"\"" ? value.0 : value.1
            let hex = Data(text.utf8).map { String(format: "%02X", $0) }.joined()
            #expect(row[0] as? Int == index && row[1] as? String == hex, "\(value.0)")
        }
        let rejected = (try JSONSerialization.jsonObject(with: Data(ended.output.utf8)) as? [String: Any])?["totals"]
        #expect(((rejected as? [String: Any])?["rows_rejected"] as? Int) == Self.notValues.count, "\(ended.output)")
    }

    @Test func incrementalPullsBringWhatChanged() throws {
        let site = try Site()
        try site.startUpstream(["--domains", "a", "--rows", "300"])
        func configure(_ mode: String) throws {
            try site.write(
                "bobbin.yaml",
                """
                connections:
                  upstream: {type: http, base_url: "http://127.0.0.1:\(site.port)"}
                  warehouse: {type: sqlite, path: warehouse.db}
                jobs:
                  changes_\(mode):
                    source:
                      connection: upstream
                      path: /changes
                      query: {domain: a, date: 2026-03-01, since: "{since}", limit: "{page_size}", cursor: "{cursor}"}
                      records: /data
                      page_size: 70
                      pagination: {type: next_cursor, pointer: /next_cursor}
                      incremental: {cursor: updated_at, since: "1970-01-01T00:00:00Z", lookback: 100ms}
                    primary_key: [rank]
                    target: warehouse
                    mode: \(mode)
                """)
        }
        try configure("merge")
        #expect(try site.bobbin("run").status == 0)
        #expect(try site.count("select count(*) from changes_merge") == 300)
        let before = try site.query("select * from changes_merge order by rank") as NSArray
        // The second run asks from the look-back on: few rows, none twice.
        let again = try site.bobbin("run", "--json")
        #expect(again.status == 0, "\(again.errors)")
        #expect(try site.query("select * from changes_merge order by rank") as NSArray == before)
        let partitions = (try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])?[
            "partitions"]
        let extracted = (partitions as? [[String: Any]])?.first?["rows_extracted"] as? Int ?? -1
        #expect((1..<300).contains(extracted), "\(again.output)")
    }
}
