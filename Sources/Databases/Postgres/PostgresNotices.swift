/// What the server says besides its answers; collected, never printed.
final class PostgresNotices {
    /// Notices kept; what comes when there are as many is dropped, since a trigger may raise one for each row.
    static let limit = 100

    private let library: PostgresLibrary
    private(set) var texts: [String] = []

    init(_ library: PostgresLibrary) {
        self.library = library
    }

    /// Receives the notices of `handle`, in place of libpq's printing to standard error. Whoever owns the handle and
    /// whoever owns a result of it keeps this object.
    func receive(from handle: OpaquePointer) {
        _ = library.setNoticeReceiver(
            handle,
            { context, result in
                guard let context else { return }
                Unmanaged<PostgresNotices>.fromOpaque(context).takeUnretainedValue().add(result)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The notices so far, which are forgotten.
    func take() -> [String] {
        defer { texts = [] }
        return texts
    }

    private func add(_ result: OpaquePointer?) {
        let primary = Int32(PostgresConstants.Field.primary.rawValue)
        guard texts.count < Self.limit else { return }
        guard let text = library.resultErrorField(result, primary) ?? library.resultErrorMessage(result) else { return }
        texts.append(PostgresError.oneLine(String(cString: text)))
    }
}
