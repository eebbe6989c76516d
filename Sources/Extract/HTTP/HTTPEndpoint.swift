internal import Configuration
internal import HTTP
internal import JSON
internal import Manifest
internal import Storage

/// One HTTP connection of the configuration with one stream's templates: shared by the stream's partitions.
final class HTTPEndpoint: Sendable {
    let client: HTTPClient
    let retry: HTTP.RetryPolicy
    let recordTokens: [String]
    private let url: URLTemplate
    private let headers: [(name: String, template: HTTP.Template)]
    private let body: JSONTemplate?
    /// Whether a body's type stands among the headers of the connection or of the source.
    private let hasContentType: Bool
    let breaker: SourceBreaker

    /// - Parameters:
    ///   - name: the connection's, for messages.
    ///   - connectionHeaders: the names of the headers that the client adds by itself.
    ///   - partitions: how many partitions the invocation has: the breaker never needs more of them to fail.
    init(
        name: String, client: HTTPClient, baseURL: String, settings: HTTPSourceSettings, retry: HTTP.RetryPolicy,
        connectionHeaders: [String], partitions: Int, clock: any Clock
    ) throws {
        self.client = client
        self.retry = retry
        recordTokens = HTTPEndpoint.tokens(settings.records)
        var query = settings.query.map { (name: $0.name, value: $0.template.description) }
        let pager = try Pager(settings.pagination, pageSize: settings.pageSize, resume: .null)
        if let parameter = pager.parameter, !query.contains(where: { $0.value.contains(parameter.template) }) {
            query.append((parameter.name, parameter.template))
        }
        url = try URLTemplate(baseURL: baseURL, path: settings.path.description, query: query)
        headers = try settings.headers.map {
            ($0.name, try HTTP.Template($0.template.description, at: "header \($0.name)"))
        }
        body = settings.body
        hasContentType = (headers.map(\.name) + connectionHeaders).contains { $0.lowercased() == "content-type" }
        breaker = SourceBreaker(name, partitions: partitions, clock: clock)
    }

    /// The request for the page at which `pager` stands.
    ///
    /// - Parameter parent: the placeholders that a parent's record fills.
    func request(
        _ settings: HTTPSourceSettings, _ partition: Manifest.Partition, _ pager: Pager, since: String?,
        parent: [(name: String, value: String)] = []
    ) throws -> HTTPRequest {
        var values: TemplateValues = [
            "cursor": pager.cursor, "page": String(pager.page), "page_size": String(settings.pageSize), "since": since,
        ]
        for field in partition.fields { values[field.name] = field.value }
        for field in parent { values[field.name] = field.value }
        let rendered = values
        return HTTPRequest(
            settings.method == .post ? .post : .get, try pager.nextURL ?? url.url(rendered),
            headers: try headers(rendered),
            body: body.map { template in
                Array(template.rendered { HTTPEndpoint.value($0, rendered[$0] ?? nil, pager) }.utf8)
            })
    }

    /// The configured headers, and what a JSON body is, unless they say so themselves.
    private func headers(_ values: [String: String?]) throws -> [(String, String)] {
        let configured = try headers.map { ($0.name, try $0.template.render(values, .plain)) }
        return body == nil || hasContentType ? configured : configured + [("Content-Type", "application/json")]
    }

    /// A placeholder's value in a JSON body: counts are numbers, and so is a cursor that came as one; none is null.
    private static func value(_ name: String, _ text: String?, _ pager: Pager) -> JSONTemplate.Value {
        guard let text else { return JSONTemplate.Value(text: "null", isNumber: true) }
        let isNumber =
            name == "page" || name == "page_size" || (name == "cursor" && pager.isNumber && Int64(text) != nil)
        return JSONTemplate.Value(text: text, isNumber: isNumber)
    }

    /// The reference tokens of a JSON pointer (RFC 6901).
    static func tokens(_ pointer: String) -> [String] {
        guard !pointer.isEmpty else { return [] }
        return pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { token in
            HTTPEndpoint.replace(HTTPEndpoint.replace(String(token), "~1", "/"), "~0", "~")
        }
    }

    private static func replace(_ text: String, _ mark: String, _ character: String) -> String {
        text.split(separator: mark, omittingEmptySubsequences: false).joined(separator: character)
    }

    /// A reference that the source gave, made absolute (RFC 3986 section 5).
    static func resolve(_ reference: String, against url: String) throws -> String {
        try URLReference.resolve(reference, against: url)
    }
}
