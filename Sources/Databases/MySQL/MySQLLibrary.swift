internal import CMySQLABI
internal import Glibc

/// The functions of libmariadb.so.3 that this client needs, found at run time (names and contracts: MariaDB
/// Connector/C, "API Functions").
///
/// Only MySQL and MariaDB targets need the library (package libmariadb3), so it is neither linked nor required to build.
package struct MySQLLibrary: Sendable {
    typealias Handle = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias Field = UnsafeMutablePointer<bobbin_mysql_field>
    typealias Bind = UnsafeMutablePointer<bobbin_mysql_bind>
    typealias Row = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    typealias Option = @Sendable @convention(c) (Handle, UInt32, UnsafeRawPointer?) -> Int32
    typealias Connect = @Sendable @convention(c) (Handle, Text?, Text?, Text?, Text?, UInt32, Text?, UInt) -> Handle?
    typealias Query = @Sendable @convention(c) (Handle, Text, UInt) -> Int32
    typealias Info = @Sendable @convention(c) (Handle, UInt32, UnsafeMutableRawPointer) -> Int8
    typealias InfileStart =
        @convention(c) (
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Text?, UnsafeMutableRawPointer?
        ) -> Int32
    typealias InfileRead = @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<CChar>?, UInt32) -> Int32
    typealias InfileEnd = @convention(c) (UnsafeMutableRawPointer?) -> Void
    typealias SetInfile =
        @Sendable @convention(c) (
            Handle, InfileStart, InfileRead, InfileEnd, InfileRead, UnsafeMutableRawPointer?
        ) -> Void

    typealias ToVoid = @Sendable @convention(c) (Handle) -> Void
    typealias ToInt = @Sendable @convention(c) (Handle) -> Int32
    typealias ToCount = @Sendable @convention(c) (Handle) -> UInt32
    typealias ToLong = @Sendable @convention(c) (Handle) -> UInt
    typealias ToFlag = @Sendable @convention(c) (Handle) -> Int8
    typealias ToHandle = @Sendable @convention(c) (Handle) -> Handle?
    typealias ToText = @Sendable @convention(c) (Handle) -> Text?
    typealias ToFields = @Sendable @convention(c) (Handle) -> Field?
    typealias Binding = @Sendable @convention(c) (Handle, Bind) -> Int8
    typealias Attribute = @Sendable @convention(c) (Handle, UInt32, UnsafeRawPointer) -> Int8

    let create: @Sendable @convention(c) (Handle?) -> Handle?
    let options: Option
    let connect: Connect
    let close: ToVoid
    let cancel: ToInt
    let query: Query
    let errorNumber: ToCount
    let errorText: ToText
    let errorState: ToText
    let affectedRows: ToLong
    let warningCount: ToCount
    let info: ToText
    let connectionInfo: Info
    let threadID: ToLong
    let serverInfo: ToText
    let cipher: ToText
    let setInfile: SetInfile
    let threadStart: @Sendable @convention(c) () -> Int8
    let threadEnd: @Sendable @convention(c) () -> Void

    let useResult: ToHandle
    let fieldCount: ToCount
    let resultFieldCount: ToCount
    let fields: ToFields
    let fetchRow: @Sendable @convention(c) (Handle) -> Row?
    let fetchLengths: @Sendable @convention(c) (Handle) -> UnsafeMutablePointer<UInt>?
    let freeResult: ToVoid
    let moreResults: ToFlag
    let nextResult: ToInt

    let statementCreate: ToHandle
    let statementPrepare: Query
    let statementParameterCount: ToLong
    let statementBind: Binding
    let statementExecute: ToInt
    let statementAttribute: Attribute
    let statementMetadata: ToHandle
    let statementStore: ToInt
    let statementBindResult: Binding
    let statementFetch: ToInt
    let statementFreeResult: ToFlag
    let statementAffectedRows: ToLong
    let statementClose: ToFlag
    let statementErrorNumber: ToCount
    let statementErrorText: ToText
    let statementErrorState: ToText

    /// The library of the system, or why it cannot be used; settled once, for the life of the process.
    package static let shared: Result<MySQLLibrary, MySQLError> = load("libmariadb.so.3")

    /// Loads `file` by the dynamic linker's usual search; the handle is kept for the life of the process.
    ///
    /// - Returns: the library, or an error (configuration) that names the package to install.
    package static func load(_ file: String) -> Result<MySQLLibrary, MySQLError> {
        do throws(MySQLError) { return .success(try MySQLLibrary(file)) } catch { return .failure(error) }
    }

    /// Frees what libmariadb keeps for the calling thread; for a thread that used connections and ends
    /// (mysql_thread_end).
    package static func endThread() {
        if case .success(let library) = shared { library.threadEnd() }
    }
}
