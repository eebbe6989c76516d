/// Why an HTTP exchange failed, in words for people and as values for the caller's recovery. Holds no secret.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the caller should do.
    package enum Category: String, Sendable, CaseIterable {
        /// May pass by itself: try again later.
        case transient
        /// Wrong settings or a wrong request: stop the job.
        case configuration
        /// The server knows the request but refuses these credentials: stop the job.
        case permission
        /// The caller's own `isCancelled` said so.
        case cancelled
    }

    /// What happened.
    package enum Code: String, Sendable, CaseIterable {
        case status
        case timedOut = "timed_out"
        case unresolvedHost = "unresolved_host"
        case connectFailed = "connect_failed"
        case connectionLost = "connection_lost"
        case partialBody = "partial_body"
        case badEncoding = "bad_encoding"
        case bodyTooLarge = "body_too_large"
        case tooManyRedirects = "too_many_redirects"
        case tlsRejected = "tls_rejected"
        case proxy
        case token
        case invalidURL = "invalid_url"
        case invalidHeader = "invalid_header"
        case invalidOptions = "invalid_options"
        case template
        case cancelled
        case outOfMemory = "out_of_memory"
        case transfer
    }

    package let category: Category
    package let code: Code
    /// What happened, to which URL (redacted), and what to do next.
    package let message: String
    /// Seconds the server asked to wait, if it did.
    package let retryAfter: Double?
    /// The HTTP status, when a whole answer came.
    package let status: Int?

    /// Makes an error; `message` must already be free of secrets.
    package init(
        _ category: Category, _ code: Code, _ message: String, retryAfter: Double? = nil, status: Int? = nil
    ) {
        self.category = category
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
        self.status = status
    }

    package var description: String { message }

    /// The class of an HTTP status (RFC 9110 section 15; 425 RFC 8470; 429 RFC 6585), nil for success and 304.
    package static func category(ofStatus status: Int) -> Category? {
        switch status {
        case 200..<300, 304: nil
        case 408, 425, 429, 500...: .transient
        case 401, 403, 407: .permission
        default: .configuration
        }
    }
}
