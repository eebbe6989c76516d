import CCurl
import CCurlShims
import Glibc

/// One libcurl easy handle with its live connections; used by one thread at a time.
final class CurlEasy {
    private enum Stop { case tooLarge, noMemory }

    let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let isCancelled: () -> Bool
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var body: BodyBuffer?
    /// Where the bytes of a transfer go that is taken piece by piece.
    var pipe: CurlPipe?
    /// Asked when the host's key is not the one that is known, or none is; set for SFTP only.
    var hostKey: HostKeyCheck?
    private var limit = 0
    private var stop: Stop?

    private static let globalCode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Throws when libcurl cannot start.
    init(isCancelled: @escaping () -> Bool) throws(HTTPError) {
        guard Self.globalCode == CURLE_OK, let handle = curl_easy_init() else {
            throw HTTPError(.configuration, .transfer, "libcurl could not start; check its installation.")
        }
        self.handle = handle
        self.isCancelled = isCancelled
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Back to libcurl's defaults (connections stay), then what every exchange needs.
    func reset() throws(HTTPError) {
        curl_easy_reset(handle)
        curl_slist_free_all(headerList)
        headerList = nil
        errorText[0] = 0
        pipe = nil
        hostKey = nil
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(curl_shim_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText), CURLOPT_ERRORBUFFER)
        try check(curl_shim_set_write(handle, onBytes, context), CURLOPT_WRITEFUNCTION)
        try check(curl_shim_set_progress(handle, onProgress, context), CURLOPT_XFERINFOFUNCTION)
        try set(CURLOPT_NOPROGRESS, 0)
        try set(CURLOPT_NOSIGNAL, 1)
        // Else a cancelled or timed out name look-up would still be waited for.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        // A wish only: after a failed name look-up libcurl keeps the buffer it has, and refuses another size for it.
        _ = curl_shim_set_long(handle, CURLOPT_BUFFERSIZE, 512 << 10)
        // One thread, one connection, one request at a time: HTTP/2 would only add its framing.
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_ACCEPT_ENCODING, "")
    }

    func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try check(curl_shim_set_long(handle, option, value), option)
    }

    /// An option of type `curl_off_t`.
    func set(_ option: CURLoption, offset value: Int) throws(HTTPError) {
        try check(curl_shim_set_offset(handle, option, curl_off_t(value)), option)
    }

    func set(_ option: CURLoption, _ value: String) throws(HTTPError) {
        try check(curl_shim_set_string(handle, option, value), option)
    }

    /// Takes an option back.
    func unset(_ option: CURLoption) throws(HTTPError) {
        try check(curl_shim_set_string(handle, option, nil), option)
    }

    /// The body to send; `bytes` must live until the transfer ends.
    func setBody(_ bytes: UnsafeBufferPointer<UInt8>) throws(HTTPError) {
        try check(
            curl_shim_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count)),
            CURLOPT_POSTFIELDSIZE_LARGE)
        // A null pointer would make libcurl read the body from standard input.
        let empty: StaticString = ""
        let start = bytes.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(empty.utf8Start)
        try check(curl_shim_set_pointer(handle, CURLOPT_POSTFIELDS, start), CURLOPT_POSTFIELDS)
    }

    func setHeaders(_ lines: [String]) throws(HTTPError) {
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else {
                throw HTTPError(.transient, .outOfMemory, "No memory for a request's headers.")
            }
            headerList = longer
        }
        try check(curl_shim_set_headers(handle, headerList), CURLOPT_HTTPHEADER)
    }

    /// Runs the transfer; the body, at most `limit` bytes, replaces what `body` holds. nil when an answer came whole.
    func run(into body: BodyBuffer, limit: Int) -> CurlFailure? {
        body.removeAll()
        self.body = body
        self.limit = limit
        stop = nil
        let code = curl_easy_perform(handle)
        self.body = nil
        body.seal()
        return failure(code)
    }

    /// Why the last transfer ended with `code`; nil when it went well.
    func failure(_ code: CURLcode) -> CurlFailure? {
        guard code != CURLE_OK else { return nil }
        switch stop {
        case .tooLarge: return CurlFailure(code: code, kind: .tooLarge)
        case .noMemory: return CurlFailure(code: code, kind: .noMemory)
        case nil: break
        }
        let detail =
            errorText[0] == 0 ? curl_easy_strerror(code).map { String(cString: $0) } : String(cString: errorText)
        return CurlFailure(
            code: code, kind: .transfer(detail: detail ?? "", proxyStatus: long(CURLINFO_HTTP_CONNECTCODE)))
    }

    /// A number about the last transfer.
    func long(_ info: CURLINFO) -> Int {
        var value = 0
        return curl_shim_get_long(handle, info, &value) == CURLE_OK ? value : 0
    }

    /// A size or a time in microseconds about the last transfer.
    func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return curl_shim_get_offset(handle, info, &value) == CURLE_OK ? Int(value) : 0
    }

    /// A text about the last transfer.
    func text(_ info: CURLINFO) -> String? {
        var value: UnsafePointer<CChar>?
        guard curl_shim_get_string(handle, info, &value) == CURLE_OK else { return nil }
        return value.map { String(cString: $0) }
    }

    /// The headers of the last answer, names in lower case.
    func responseHeaders() -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        var last: UnsafeMutablePointer<curl_header>?
        while let header = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, last) {
            result.append((String(cString: header.pointee.name).lowercased(), String(cString: header.pointee.value)))
            last = header
        }
        return result
    }

    private func check(_ code: CURLcode, _ option: CURLoption) throws(HTTPError) {
        guard code != CURLE_OK else { return }
        if code == CURLE_OUT_OF_MEMORY { throw HTTPError(.transient, .outOfMemory, "No memory for an HTTP request.") }
        // The value is not repeated: it may be a secret.
        throw HTTPError(
            .configuration, .transfer,
            "libcurl does not take its option \(option.rawValue): \(String(cString: curl_easy_strerror(code))). "
                + "Version 7.88 or later is needed.")
    }

    /// The check of the host's key by the file of known hosts, whose verdict `hostKey` takes down.
    func checkHostKeys(knownHosts file: String, _ check: HostKeyCheck) throws(HTTPError) {
        hostKey = check
        try set(CURLOPT_SSH_KNOWNHOSTS, file)
        try self.check(
            curl_shim_set_keycheck(handle, onHostKey, Unmanaged.passUnretained(self).toOpaque()),
            CURLOPT_SSH_KEYFUNCTION)
    }

    fileprivate func receive(_ source: UnsafeRawPointer, _ length: Int) -> Bool {
        guard let body else { return false }
        if body.count == 0 {
            let announced = offset(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
            guard announced <= limit else { return halt(.tooLarge) }
            // Without the memory for all of it, growing by steps will find out.
            if announced > body.capacity { _ = body.reserve(announced) }
        }
        guard length <= limit - body.count else { return halt(.tooLarge) }
        return body.append(source, count: length) || halt(.noMemory)
    }

    private func halt(_ reason: Stop) -> Bool {
        stop = reason
        return false
    }

    fileprivate func shouldAbort() -> Bool { isCancelled() }
}

private func onBytes(
    _ source: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let source, let context else { return 0 }
    let easy = Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
    if let pipe = easy.pipe { return pipe.take(source, size * count) }
    // Any other number than what came ends the transfer.
    return easy.receive(source, size * count) ? size * count : Int(CURL_WRITEFUNC_ERROR)
}

private func onHostKey(
    _: UnsafeMutableRawPointer?, _: UnsafePointer<curl_khkey>?, _ found: UnsafePointer<curl_khkey>?,
    _ match: curl_khmatch, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return Int32(CURLKHSTAT_REJECT.rawValue) }
    let easy = Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
    if match == CURLKHMATCH_OK { return Int32(CURLKHSTAT_FINE.rawValue) }
    easy.hostKey?.note(found?.pointee, isOther: match == CURLKHMATCH_MISMATCH)
    return Int32(CURLKHSTAT_REJECT.rawValue)
}

private func onProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context else { return 1 }
    return Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue().shouldAbort() ? 1 : 0
}
