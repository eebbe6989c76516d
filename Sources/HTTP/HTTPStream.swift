import CCurl

/// What a transfer brings, taken piece by piece with a bounded amount of memory; belongs to the thread of its connection, which does
/// nothing else until it is closed.
final class TransferBody {
    private let easy: CurlEasy
    private let multi: CurlMulti
    private let fault: (CurlFailure) -> HTTPError
    private var isOpen = true

    init(_ easy: CurlEasy, _ multi: CurlMulti, fault: @escaping (CurlFailure) -> HTTPError) {
        self.easy = easy
        self.multi = multi
        self.fault = fault
    }

    deinit { close() }

    /// Waits for bytes and moves them into `buffer`, which is not empty.
    ///
    /// - Returns: how many came; 0 at the end of what came whole, as far as its length was told.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int {
        guard isOpen, let pipe = easy.pipe else { return 0 }
        if pipe.waiting == 0 { multi.advance() }
        let count = pipe.give(buffer)
        if count > 0 { return count }
        if let code = multi.result, let failure = easy.failure(code) {
            let error = fault(failure)
            close()
            throw error
        }
        close()
        return 0
    }

    /// Gives up what has not come yet.
    func close() {
        guard isOpen else { return }
        isOpen = false
        multi.stop()
    }
}

/// One answer whose body is still on its way.
package final class HTTPStream {
    /// Status and headers of the answer.
    package let response: HTTPResponse
    private let body: TransferBody

    init(_ response: HTTPResponse, _ body: TransferBody) {
        self.response = response
        self.body = body
    }

    /// Waits for bytes of the body and moves them into `buffer`, which is not empty.
    ///
    /// - Returns: how many came; 0 at the end of a body that came whole, as far as its length was told.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int {
        try body.read(into: buffer)
    }

    /// Gives up what has not come yet.
    package func close() { body.close() }
}

extension HTTPConnection {
    /// Sends a request without a body and gives the answer as soon as its first bytes are there.
    ///
    /// Redirects and credentials are those of ``perform(_:into:)``. There is no limit of time for the whole, only for the
    /// connection and for silence, and nothing is decompressed. An answer that is an error is read and thrown, redirects that
    /// are not to be followed included.
    package func open(_ request: HTTPRequest) throws(HTTPError) -> HTTPStream {
        var url = try ResolvedURL(request.url)
        let first = url.origin
        var redirects = 0
        var mayRenewToken = true
        let multi = try transfers()
        while true {
            let isTrusted = client.trusts(url.origin, startedAt: first)
            let (identity, token) = try identity(for: request, isTrusted: isTrusted)
            try client.waitForTurn(isCancelled: isCancelled)
            try prepare(request, at: url, as: identity, timeout: 0)
            try easy.unset(CURLOPT_ACCEPT_ENCODING)
            easy.pipe = CurlPipe()
            try easy.apply(request.method, nil)
            try multi.begin(easy)
            multi.advance()
            let at = url
            let fault: (CurlFailure) -> HTTPError = { [client] failure in
                HTTPConnection.error(failure, request.method, at, client, limit: client.options.maximumBodyBytes)
            }
            // What came before a failure is worth reading.
            if easy.pipe?.waiting == 0, let code = multi.result, let failure = easy.failure(code) {
                multi.stop()
                throw fault(failure)
            }
            let (response, location) = answer(request.method, at: url, earlier: 0)
            let stream = HTTPStream(response, TransferBody(easy, multi, fault: fault))
            if response.status == 401, let token {
                client.tokens.drop(token.token)
                if token.isCached && mayRenewToken {
                    mayRenewToken = false
                    stream.close()
                    continue
                }
            }
            let isRedirect = [301, 302, 303, 307, 308].contains(response.status)
            guard isRedirect, request.followsRedirects, let location else {
                guard HTTPError.category(ofStatus: response.status) == nil else {
                    throw try refusal(stream)
                }
                return stream
            }
            stream.close()
            guard redirects < request.maximumRedirects else {
                throw HTTPError(
                    .configuration, .tooManyRedirects,
                    "\(request) was redirected more than \(request.maximumRedirects) times, last to "
                        + "\(Redaction.url(location)); correct base_url or path.", status: response.status)
            }
            redirects += 1
            url = try ResolvedURL(location)
        }
    }

    /// The error that an answer is, with what it says.
    private func refusal(_ stream: HTTPStream) throws(HTTPError) -> HTTPError {
        let body = BodyBuffer()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 16)
        defer { piece.deallocate() }
        while body.count < 16_384 {
            let count = try stream.read(into: piece)
            guard count > 0, let base = piece.baseAddress, body.append(base, count: count) else { break }
        }
        stream.close()
        do {
            try client.check(stream.response, body: body)
        } catch { return error }
        return HTTPError(
            .transient, .status, "\(stream.response.description) is no file.", status: stream.response.status)
    }
}
