package import Configuration
internal import HTTP
package import Storage

/// Tries an HTTP connection without a stream.
package enum ConnectionProbe {
    /// Asks for the base address, and logs in where that takes a request of its own.
    ///
    /// - Returns: what answered, in words.
    /// - Throws: `ExtractError` when nothing answers, the login is refused, or the server is in trouble (5xx).
    package static func answer(_ settings: HTTPSettings, clock: any Clock) throws -> String {
        do {
            let client = try HTTPClient(HTTPOptions.make(settings, .none))
            let connection = try HTTPConnection(client)
            let response = try connection.perform(HTTPRequest(.get, settings.baseURL), into: BodyBuffer())
            switch response.status {
            case 401, 403:
                throw ExtractError(
                    .permission, "\(settings.baseURL) answers \(response.status): it does not take these credentials")
            case 500...:
                throw ExtractError(
                    .transient, "\(settings.baseURL) answers \(response.status): the server is in trouble")
            default: return "\(settings.baseURL) answers (\(response.status))"
            }
        } catch { throw ExtractError(error) }
    }
}
