/// A request as the service sees it, free of any HTTP library.
package struct Request: Sendable {
    /// Upper-case method.
    package let method: String
    /// The path as it was sent, still percent-encoded.
    package let path: String
    /// The query as it was sent, without the question mark.
    package let query: String
    /// The `Authorization` header, if any.
    package let authorization: String?
    /// The body, at most `maxBody` bytes.
    package let body: [UInt8]
    /// Scheme, host and port under which the client knows this server, for absolute links.
    package let origin: String

    /// Bytes of body that are read; the adapter refuses longer ones with 413.
    package static let maxBody = 1 << 20

    /// Describes a request.
    package init(
        method: String, path: String, query: String = "", authorization: String? = nil, body: [UInt8] = [],
        origin: String = "http://localhost"
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authorization = authorization
        self.body = body
        self.origin = origin
    }
}

/// What the service answers, and how the bytes are to reach the client.
package struct Reply: Sendable {
    /// How a reply is delivered; all but `whole` imitate something that goes wrong on the way.
    package enum Delivery: Sendable, Equatable {
        case whole
        /// The length of the whole body is announced, the connection closes after this many bytes.
        case cut(after: Int)
        /// The body arrives in pieces over this many milliseconds.
        case dripped(milliseconds: Int)
        /// The connection is reset (TCP RST) before anything is sent.
        case reset
        /// Nothing is sent for this many milliseconds, then the connection is reset.
        case silent(milliseconds: Int)
    }

    /// HTTP status code.
    package var status: Int
    /// Headers beyond those of the transport (length, connection).
    package var headers: [(name: String, value: String)]
    /// The body.
    package var body: [UInt8]
    /// Records in the body, for the counters.
    package var rows = 0
    /// How the reply is delivered.
    package var delivery = Delivery.whole
    /// Milliseconds to wait before anything is sent.
    package var latency = 0
    /// The name of the injected fault, if there was one.
    package var injected: String?

    /// A reply with a JSON body.
    package init(status: Int = 200, json: [UInt8], rows: Int = 0, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = [("Content-Type", "application/json")] + headers
        body = json
        self.rows = rows
    }

    /// A reply with a small JSON object as its body.
    package init(status: Int = 200, _ fields: KeyValuePairs<String, JSONValue>) {
        var text = JSONText()
        text.object(fields)
        self.init(status: status, json: text.bytes)
    }
}

/// A request that cannot be answered as asked. It becomes a reply `{"error":{"code":...,"message":...}}`.
package struct UpstreamError: Error, Sendable, Equatable {
    /// What kind of mistake it is; the raw value is the `code` of the reply.
    package enum Code: String, Sendable {
        case badRequest = "bad_request"
        case unauthorized
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case unreadable
        case injected
        case internalError = "internal_error"
    }

    /// What kind of mistake it is.
    package let code: Code
    /// What happened and what to send instead.
    package let message: String
    /// HTTP status of the reply.
    package let status: Int

    /// An error with the status that fits its code unless another is given.
    package init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status ?? Self.status(of: code)
    }

    private static func status(of code: Code) -> Int {
        switch code {
        case .badRequest: 400
        case .unauthorized: 401
        case .notFound: 404
        case .methodNotAllowed: 405
        case .unreadable: 422
        case .injected, .internalError: 500
        }
    }

    /// The error as a reply.
    package var reply: Reply {
        Reply(status: status, ["error": .object(["code": .string(code.rawValue), "message": .string(message)])])
    }
}
