/// One request. Prints without secrets.
package struct HTTPRequest: Sendable, RedactedDescription {
    /// The method, all that a source or a hook needs.
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// An absolute http or https URL.
    package var url: String
    /// Go before the client's headers of the same name; to an origin that is not trusted only harmless ones go.
    package var headers: [(name: String, value: String)]
    /// nil sends no body.
    package var body: [UInt8]?
    /// In place of the client's `requestTimeout`, seconds.
    package var timeout: Double?
    /// Redirects to follow before giving up.
    package var maximumRedirects = 10
    /// Whether redirects are followed at all; otherwise they are the answer.
    package var followsRedirects = true

    /// Makes a request.
    package init(
        _ method: Method = .get, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Double? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    package var description: String { "\(method.rawValue) \(Redaction.url(url))" }
}
