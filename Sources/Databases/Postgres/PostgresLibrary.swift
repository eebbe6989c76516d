internal import Glibc

/// The functions of libpq.so.5 that the client needs, found at run time.
///
/// Only PostgreSQL sources and targets need the library (Debian: libpq5): so it is neither linked nor required to
/// build. All of it works on opaque pointers, numbers and C strings, hence no headers either. Signatures: PostgreSQL
/// manual, chapter "libpq - C Library" (https://www.postgresql.org/docs/15/libpq.html).
package final class PostgresLibrary: Sendable {
    typealias Text = UnsafePointer<CChar>
    typealias ToText = @Sendable @convention(c) (OpaquePointer?) -> Text?
    typealias ToNumber = @Sendable @convention(c) (OpaquePointer?) -> Int32
    typealias ToPointer = @Sendable @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Release = @Sendable @convention(c) (OpaquePointer?) -> Void
    typealias OfColumn = @Sendable @convention(c) (OpaquePointer?, Int32) -> Text?
    typealias TypeOfColumn = @Sendable @convention(c) (OpaquePointer?, Int32) -> UInt32
    typealias OfCell = @Sendable @convention(c) (OpaquePointer?, Int32, Int32) -> Int32
    typealias CellText = @Sendable @convention(c) (OpaquePointer?, Int32, Int32) -> Text?
    typealias ErrorText = @Sendable @convention(c) (OpaquePointer?, Int32) -> Text?
    typealias Texts = UnsafePointer<Text?>
    typealias ConnectStart = @Sendable @convention(c) (Texts, Texts, Int32) -> OpaquePointer?
    typealias SetVerbosity = @Sendable @convention(c) (OpaquePointer?, Int32) -> Int32
    typealias NoticeReceiver = @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void
    typealias SetNoticeReceiver =
        @Sendable @convention(c) (OpaquePointer?, NoticeReceiver, UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
    typealias Parse =
        @Sendable @convention(c) (Text, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> OpaquePointer?
    typealias Send = @Sendable @convention(c) (OpaquePointer?, Text) -> Int32
    typealias SendParameters =
        @Sendable @convention(c) (
            OpaquePointer?, Text, Int32, UnsafePointer<UInt32>?, Texts?, UnsafePointer<Int32>?, UnsafePointer<Int32>?,
            Int32
        ) -> Int32
    typealias PutData = @Sendable @convention(c) (OpaquePointer?, Text?, Int32) -> Int32
    typealias PutEnd = @Sendable @convention(c) (OpaquePointer?, Text?) -> Int32
    typealias GetData =
        @Sendable @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, Int32) -> Int32
    typealias Free = @Sendable @convention(c) (UnsafeMutableRawPointer?) -> Void
    typealias Cancel = @Sendable @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>, Int32) -> Int32

    // Connecting.
    let conninfoParse: Parse
    let conninfoFree: Release
    let connectStart: ConnectStart
    let connectPoll: ToNumber
    let finish: Release
    let setErrorVerbosity: SetVerbosity
    let setNoticeReceiver: SetNoticeReceiver

    // The state of a connection.
    let socket: ToNumber
    let status: ToNumber
    let transactionStatus: ToNumber
    let serverVersion: ToNumber
    let errorMessage: ToText
    let password: ToText
    let host: ToText
    let port: ToText
    let database: ToText

    // Statements.
    let sendQuery: Send
    let sendQueryParameters: SendParameters
    let getResult: ToPointer
    let getCancel: ToPointer
    let cancel: Cancel
    let freeCancel: Release

    // Results.
    let resultStatus: ToNumber
    let resultErrorField: ErrorText
    let resultErrorMessage: ToText
    let clear: Release
    let rowCount: ToNumber
    let columnCount: ToNumber
    let columnName: OfColumn
    let columnType: TypeOfColumn
    let cellText: CellText
    let cellLength: OfCell
    let cellIsNull: OfCell
    let affectedRows: ToText

    // COPY.
    let putCopyData: PutData
    let putCopyEnd: PutEnd
    let getCopyData: GetData
    let freeMemory: Free

    /// The loaded library, or why it cannot be used; settled once.
    package static let shared: Result<PostgresLibrary, PostgresError> = load("libpq.so.5")

    /// Loads `file` by the dynamic linker's usual search (a name) or from where it lies (a path). The handle is kept
    /// for the life of the process.
    package static func load(_ file: String) -> Result<PostgresLibrary, PostgresError> {
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else { return .failure(missing(file)) }
        do throws(PostgresError) {
            return .success(try PostgresLibrary(Symbols(file: file, handle: handle)))
        } catch {
            return .failure(error)
        }
    }

    private init(_ symbols: Symbols) throws(PostgresError) {
        conninfoParse = try symbols.find("PQconninfoParse")
        conninfoFree = try symbols.find("PQconninfoFree")
        connectStart = try symbols.find("PQconnectStartParams")
        connectPoll = try symbols.find("PQconnectPoll")
        finish = try symbols.find("PQfinish")
        setErrorVerbosity = try symbols.find("PQsetErrorVerbosity")
        setNoticeReceiver = try symbols.find("PQsetNoticeReceiver")
        socket = try symbols.find("PQsocket")
        status = try symbols.find("PQstatus")
        transactionStatus = try symbols.find("PQtransactionStatus")
        serverVersion = try symbols.find("PQserverVersion")
        errorMessage = try symbols.find("PQerrorMessage")
        password = try symbols.find("PQpass")
        host = try symbols.find("PQhost")
        port = try symbols.find("PQport")
        database = try symbols.find("PQdb")
        sendQuery = try symbols.find("PQsendQuery")
        sendQueryParameters = try symbols.find("PQsendQueryParams")
        getResult = try symbols.find("PQgetResult")
        getCancel = try symbols.find("PQgetCancel")
        cancel = try symbols.find("PQcancel")
        freeCancel = try symbols.find("PQfreeCancel")
        resultStatus = try symbols.find("PQresultStatus")
        resultErrorField = try symbols.find("PQresultErrorField")
        resultErrorMessage = try symbols.find("PQresultErrorMessage")
        clear = try symbols.find("PQclear")
        rowCount = try symbols.find("PQntuples")
        columnCount = try symbols.find("PQnfields")
        columnName = try symbols.find("PQfname")
        columnType = try symbols.find("PQftype")
        cellText = try symbols.find("PQgetvalue")
        cellLength = try symbols.find("PQgetlength")
        cellIsNull = try symbols.find("PQgetisnull")
        affectedRows = try symbols.find("PQcmdTuples")
        putCopyData = try symbols.find("PQputCopyData")
        putCopyEnd = try symbols.find("PQputCopyEnd")
        getCopyData = try symbols.find("PQgetCopyData")
        freeMemory = try symbols.find("PQfreemem")
    }

    private static func missing(_ file: String) -> PostgresError {
        PostgresError(
            "PostgreSQL needs \(file), which cannot be loaded: install the package libpq5", kind: .environment)
    }

    private struct Symbols {
        let file: String
        let handle: UnsafeMutableRawPointer

        /// The function `name`; `Function` must be its C type.
        func find<Function>(_ name: String) throws(PostgresError) -> Function {
            guard let address = dlsym(handle, name) else { throw missing(file) }
            return unsafeBitCast(address, to: Function.self)
        }
    }
}
