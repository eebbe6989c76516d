/// What an exchange gave, besides its body. Prints without secrets.
package struct HTTPResponse: Sendable, RedactedDescription {
    package let status: Int
    /// The last answer's headers in order, names in lower case.
    package let headers: [(name: String, value: String)]
    /// The URL that answered, after redirects. May hold secrets: print it through `Redaction.url`.
    package let effectiveURL: String
    /// The method that it answered: a redirect may have turned POST into GET.
    package let method: HTTPRequest.Method
    /// From the first byte sent to the last received, redirects included, waiting for the rate limit excluded.
    package let seconds: Double
    /// Body bytes as they came over the wire, before decoding.
    package let wireBytes: Int
    /// Whether the end of the body was marked by length or chunks. If not, a cut body looks like a whole one.
    package let isEndMarked: Bool

    package var description: String { "\(status) from \(method.rawValue) \(Redaction.url(effectiveURL))" }

    /// The value of the header `name` in lower case; of several fields joined by a comma (RFC 9110 section 5.3).
    package func header(_ name: String) -> String? {
        let values = headers.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// The absolute URL of the next page by the Link header, nil on the last page.
    package func nextLink() throws(HTTPError) -> String? {
        guard let value = header("link"), let reference = LinkHeader.next(value) else { return nil }
        return try URLReference.resolve(reference, against: effectiveURL)
    }

    /// Seconds the server asks to wait; dates are taken against its own clock if it sent that, else against `now`.
    package func retryAfter(now: Double) -> Double? {
        guard let value = header("retry-after") else { return nil }
        return RetryAfter.parse(value, now: header("date").flatMap(HTTPDate.parse).map(Double.init) ?? now)
    }
}
