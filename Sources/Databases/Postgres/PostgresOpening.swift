internal import Glibc

/// The making of a connection, up to where statements can run.
enum PostgresOpening {
    /// What a connection is made of.
    struct Opened {
        let handle: OpaquePointer
        let place: String
        let canceller: PostgresCanceller
    }

    /// Connects (manual, "Database Connection Control Functions", PQconnectStartParams): step by step, since only so can
    /// notices be received and the answers' SQLSTATE be read before the connection stands.
    static func connect(
        _ settings: PostgresSettings, _ library: PostgresLibrary, _ notices: PostgresNotices
    ) throws(PostgresError) -> Opened {
        if let url = settings.url { try PostgresURL.check(url, library) }
        guard let handle = try start(settings, library) else {
            throw PostgresError("cannot connect to PostgreSQL: out of memory", kind: .environment)
        }
        do throws(PostgresError) {
            notices.receive(from: handle)
            _ = library.setErrorVerbosity(handle, PostgresConstants.fullVerbosity)
            try drive(handle, settings, library)
            _ = library.setErrorVerbosity(handle, PostgresConstants.defaultVerbosity)
            let place = place(handle, library)
            if let refusal = PostgresConnection.refusal(serverVersion: Int(library.serverVersion(handle))) {
                throw PostgresError("\(place): \(refusal)", kind: .configuration)
            }
            guard let canceller = PostgresCanceller(library, handle) else {
                throw PostgresError("\(place): out of memory", kind: .environment)
            }
            return Opened(handle: handle, place: place, canceller: canceller)
        } catch {
            library.finish(handle)
            throw error
        }
    }

    private static func start(
        _ settings: PostgresSettings, _ library: PostgresLibrary
    ) throws(PostgresError) -> OpaquePointer? {
        let keywords = settings.keywords
        for (name, value) in keywords where name.utf8.contains(0) || value.utf8.contains(0) {
            throw PostgresError("a connection parameter of PostgreSQL holds a NUL character", kind: .configuration)
        }
        let names = keywords.map { strdup($0.name) }
        let values = keywords.map { strdup($0.value) }
        defer { for text in names + values { free(text) } }
        return library.connectStart(
            names.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil],
            settings.url == nil ? 0 : 1)
    }

    private static func drive(
        _ handle: OpaquePointer, _ settings: PostgresSettings, _ library: PostgresLibrary
    ) throws(PostgresError) {
        let deadline = ContinuousClock.now + .milliseconds(Int(max(0, min(settings.connectSeconds * 1000, 1e9))))
        var next = PostgresConstants.pollingWriting
        guard library.status(handle) != PostgresConstants.connectionBad else {
            throw PostgresConnectFailure.error(handle, settings, library)
        }
        while next != PostgresConstants.pollingOK {
            guard next != PostgresConstants.pollingFailed else {
                throw PostgresConnectFailure.error(handle, settings, library)
            }
            let events = next == PostgresConstants.pollingReading ? POLLIN : POLLOUT
            var descriptor = pollfd(fd: library.socket(handle), events: Int16(events), revents: 0)
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            let ready = left > 0 ? poll(&descriptor, 1, Int32(left.rounded(.up))) : 0
            guard ready != 0 else {
                throw PostgresError(
                    "\(place(handle, library)): no connection within \(settings.connectSeconds) s", kind: .transient)
            }
            // A signal ends the waiting early.
            if ready > 0 { next = library.connectPoll(handle) }
        }
    }

    private static func place(_ handle: OpaquePointer, _ library: PostgresLibrary) -> String {
        func text(_ value: PostgresLibrary.Text?) -> String { value.map { String(cString: $0) } ?? "" }
        return "\(text(library.host(handle))):\(text(library.port(handle)))/\(text(library.database(handle)))"
    }
}
