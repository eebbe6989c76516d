import Testing

@testable import HTTP

@Suite struct TemplateTests {
    static let values: TemplateValues = [
        "domain": "domain/b ü", "odd": "a&b=c", "emoji": "🧵", "date": "2026-11-19", "cursor": nil, "dots": "..",
        "empty": "",
        "quote": "a\"b\\c\nd", "brace": "{date}",
    ]

    @Test(
        arguments: [
            ("https://h", "x", [], "https://h/x"), ("https://h/", "/x", [], "https://h/x"),
            ("https://h/api//", "/v1/x/", [], "https://h/api/v1/x/"), ("https://h/api", "", [], "https://h/api"),
            ("https://h/api", "/", [], "https://h/api/"), ("https://h", "https://other:1/x", [], "https://other:1/x"),
            ("https://h", "{domain}/x", [], "https://h/domain%2Fb%20%C3%BC/x"),
            ("https://h", "a-{date}.csv", [], "https://h/a-2026-11-19.csv"),
            ("https://h", "a b/ü%20%zz#?q=1", [], "https://h/a%20b/%C3%BC%20%25zz%23?q=1"),
            ("https://h", "x?d={odd}", [("e", "{emoji}")], "https://h/x?d=a%26b%3Dc&e=%F0%9F%A7%B5"),
            (
                "https://h", "x", [("d", "{domain}"), ("o", "a&b=c {date}"), ("f[x]", "{{}}")],
                "https://h/x?d=domain%2Fb%20%C3%BC&o=a%26b%3Dc%202026-11-19&f%5Bx%5D=%7B%7D"
            ),
            ("https://h", "x", [("c", "{cursor}"), ("e", "{empty}")], "https://h/x?e="),
            ("https://h", "x", [("c", "{cursor}")], "https://h/x"),
            ("https://h", "x", [("b", "{brace}")], "https://h/x?b=%7Bdate%7D"),
            ("https://h", "x{{1}}", [], "https://h/x%7B1%7D"),
        ] as [(String, String, [(name: String, value: String)], String)])
    func urls(base: String, path: String, query: [(name: String, value: String)], url: String) throws {
        #expect(try URLTemplate(baseURL: base, path: path, query: query).url(Self.values) == url)
    }

    @Test(arguments: [
        ("{dots}", "{dots}"), ("a/{dots}/b", "{dots}"), (".{empty}./x", "{empty}"), ("a/{empty}", "{empty}"),
        ("{cursor}", "{cursor}"), ("{nope}", "{domain}"), ("%2e{empty}%2E", "{empty}"),
    ])
    func pathValuesThatChangeThePath(path: String, named: String) throws {
        let template = try URLTemplate(baseURL: "https://h", path: path)
        let error = failure { () throws(HTTPError) in _ = try template.url(Self.values) }
        #expect(error.code == .template && error.category == .configuration && error.message.contains(named))
    }

    @Test func unknownPlaceholderNamesTheKnown() throws {
        let template = try URLTemplate(baseURL: "https://h", path: "x", query: [("since", "{sinse}")])
        let error = failure { () throws(HTTPError) in _ = try template.url(["since": "1", "date": nil]) }
        #expect(error.message == "query.since uses the unknown placeholder {sinse}; known are {date}, {since}.")
        #expect(template.placeholders == ["sinse"])
    }

    @Test(arguments: ["{", "}", "{}", "{a b}", "a{b", "{1a}", "{a}}", "{a{b}}"])
    func brokenTemplates(text: String) {
        let error = failure { () throws(HTTPError) in _ = try Template(text, at: "headers.X") }
        #expect(error.code == .template && error.message.hasPrefix("headers.X "))
    }

    @Test(arguments: ["", "h/x", "ftp://h", "https://h?x=1", "https://h#f"])
    func brokenBases(base: String) {
        let error = failure { () throws(HTTPError) in _ = try URLTemplate(baseURL: base, path: "x") }
        #expect(error.code == .invalidURL && error.category == .configuration)
    }

    @Test(arguments: [
        (
            #"{"a": {"b": "{date}"}, "c": [1, "x {quote} y"]}"#,
            #"{"a": {"b": "2026-11-19"}, "c": [1, "x a\"b\\c\u000ad y"]}"#
        ),
        (#"{"a": "{cursor}", "b": "{{x}}", "c": "\"{emoji}"}"#, #"{"a": null, "b": "{x}", "c": "\"🧵"}"#),
        (#"{}"#, #"{}"#), ("", ""), (#"{"{odd}": 1}"#, #"{"a&b=c": 1}"#),
    ])
    func jsonBodies(json: String, rendered: String) throws {
        #expect(String(decoding: try JSONBodyTemplate(json, at: "body").render(Self.values), as: UTF8.self) == rendered)
    }

    @Test(arguments: [#"{"a": "x"#, #"{"a": "\"#, #"{"a": "{x"}"#])
    func brokenBodies(json: String) {
        #expect(failure { () throws(HTTPError) in _ = try JSONBodyTemplate(json, at: "body") }.code == .template)
    }
}
