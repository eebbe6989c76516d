internal import Glibc

/// One function in its two forms: texts as bytes, and texts as UTF-16 (name ends with W).
struct ODBCPair<Function: Sendable>: Sendable {
    let narrow: Function
    let wide: Function

    subscript(isWide: Bool) -> Function { isWide ? wide : narrow }
}

/// The functions of unixODBC's driver manager, libodbc.so.2, that this client needs, found at run time (names and
/// contracts: Microsoft, "ODBC API Reference" 3.8). Texts are raw pointers, since a pair differs only in their units.
///
/// Only ODBC connections need the library (package unixodbc), so it is neither linked nor required to build.
package struct ODBCLibrary: Sendable {
    typealias Handle = UnsafeMutableRawPointer
    typealias Raw = UnsafeMutableRawPointer
    typealias Short = UnsafeMutablePointer<Int16>
    typealias Long = UnsafeMutablePointer<Int>

    typealias Allocate = @Sendable @convention(c) (Int16, Handle?, UnsafeMutablePointer<Handle?>) -> Int16
    typealias Free = @Sendable @convention(c) (Int16, Handle) -> Int16
    typealias SetAttribute = @Sendable @convention(c) (Handle, Int32, Raw?, Int32) -> Int16
    typealias GetAttribute =
        @Sendable @convention(c) (Handle, Int32, Raw?, Int32, UnsafeMutablePointer<Int32>?) -> Int16
    typealias Connect = @Sendable @convention(c) (Handle, Raw?, Raw, Int16, Raw?, Int16, Short?, UInt16) -> Int16
    typealias OnHandle = @Sendable @convention(c) (Handle) -> Int16
    typealias GetInfo = @Sendable @convention(c) (Handle, UInt16, Raw?, Int16, Short?) -> Int16
    typealias Diagnostic =
        @Sendable @convention(c) (
            Int16, Handle, Int16, Raw, UnsafeMutablePointer<Int32>?, Raw?, Int16, Short?
        ) -> Int16
    typealias Statement = @Sendable @convention(c) (Handle, Raw, Int32) -> Int16
    typealias FreeStatement = @Sendable @convention(c) (Handle, UInt16) -> Int16
    typealias ColumnCount = @Sendable @convention(c) (Handle, Short) -> Int16
    typealias Describe =
        @Sendable @convention(c) (
            Handle, UInt16, Raw?, Int16, Short?, Short?, UnsafeMutablePointer<UInt>?, Short?, Short?
        ) -> Int16
    typealias ColumnAttribute = @Sendable @convention(c) (Handle, UInt16, UInt16, Raw?, Int16, Short?, Long?) -> Int16
    typealias Bind = @Sendable @convention(c) (Handle, UInt16, Int16, Raw?, Int, Long?) -> Int16
    typealias Position = @Sendable @convention(c) (Handle, UInt, UInt16, UInt16) -> Int16
    typealias Four =
        @Sendable @convention(c) (
            Handle, Raw?, Int16, Raw?, Int16, Raw?, Int16, Raw?, Int16
        ) -> Int16
    typealias Three = @Sendable @convention(c) (Handle, Raw?, Int16, Raw?, Int16, Raw?, Int16) -> Int16

    typealias BindParameter =
        @Sendable @convention(c) (Handle, UInt16, Int16, Int16, Int16, UInt, Int16, Raw?, Int, Long?) -> Int16
    typealias Drivers =
        @Sendable @convention(c) (Handle, UInt16, Raw?, Int16, Short?, Raw?, Int16, Short?) -> Int16
    typealias RowCount = @Sendable @convention(c) (Handle, Long) -> Int16
    typealias EndTransaction = @Sendable @convention(c) (Int16, Handle, Int16) -> Int16
    typealias TypeInfo = @Sendable @convention(c) (Handle, Int16) -> Int16

    let allocate: Allocate
    let free: Free
    let setEnvironment: SetAttribute
    let setConnection: SetAttribute
    let getConnection: GetAttribute
    let connect: ODBCPair<Connect>
    let disconnect: OnHandle
    let drivers: ODBCPair<Drivers>
    let getInfo: ODBCPair<GetInfo>
    let diagnostic: ODBCPair<Diagnostic>

    let setStatement: SetAttribute
    let getStatement: GetAttribute
    let executeDirect: ODBCPair<Statement>
    let freeStatement: FreeStatement
    let moreResults: OnHandle
    let columnCount: ColumnCount
    let describe: ODBCPair<Describe>
    let columnAttribute: ODBCPair<ColumnAttribute>
    let bindColumn: Bind
    let getData: Bind
    let fetch: OnHandle
    let setPosition: Position
    let prepare: ODBCPair<Statement>
    let bindParameter: BindParameter
    let execute: OnHandle
    let rowCount: RowCount
    let endTransaction: EndTransaction
    let typeInfo: ODBCPair<TypeInfo>
    let tables: ODBCPair<Four>
    let columns: ODBCPair<Four>
    let primaryKeys: ODBCPair<Three>

    /// The library of the system, or why it cannot be used; settled once, for the life of the process.
    package static let shared: Result<ODBCLibrary, ODBCError> = load("libodbc.so.2")

    /// Loads `file` by the dynamic linker's usual search; the handle is kept for the life of the process.
    ///
    /// - Returns: the library, or an error (configuration) that names the package to install.
    package static func load(_ file: String) -> Result<ODBCLibrary, ODBCError> {
        do throws(ODBCError) { return .success(try ODBCLibrary(file)) } catch { return .failure(error) }
    }

    /// Finds every function.
    private init(_ file: String) throws(ODBCError) {
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
            throw ODBCError(
                .configuration,
                "ODBC needs \(file), which cannot be loaded: install the package unixodbc (on Debian also libodbc2)")
        }
        func find<Function>(_ name: String) throws(ODBCError) -> Function {
            guard let address = dlsym(handle, name) else {
                throw ODBCError(.configuration, "\(file) has no function \(name): install the package unixodbc")
            }
            return unsafeBitCast(address, to: Function.self)
        }
        func pair<Function>(_ name: String) throws(ODBCError) -> ODBCPair<Function> {
            ODBCPair(narrow: try find(name), wide: try find(name + "W"))
        }
        allocate = try find("SQLAllocHandle")
        free = try find("SQLFreeHandle")
        setEnvironment = try find("SQLSetEnvAttr")
        setConnection = try find("SQLSetConnectAttr")
        getConnection = try find("SQLGetConnectAttr")
        connect = try pair("SQLDriverConnect")
        disconnect = try find("SQLDisconnect")
        drivers = try pair("SQLDrivers")
        getInfo = try pair("SQLGetInfo")
        diagnostic = try pair("SQLGetDiagRec")
        setStatement = try find("SQLSetStmtAttr")
        getStatement = try find("SQLGetStmtAttr")
        executeDirect = try pair("SQLExecDirect")
        freeStatement = try find("SQLFreeStmt")
        moreResults = try find("SQLMoreResults")
        columnCount = try find("SQLNumResultCols")
        describe = try pair("SQLDescribeCol")
        columnAttribute = try pair("SQLColAttribute")
        bindColumn = try find("SQLBindCol")
        getData = try find("SQLGetData")
        fetch = try find("SQLFetch")
        setPosition = try find("SQLSetPos")
        prepare = try pair("SQLPrepare")
        bindParameter = try find("SQLBindParameter")
        execute = try find("SQLExecute")
        rowCount = try find("SQLRowCount")
        endTransaction = try find("SQLEndTran")
        typeInfo = try pair("SQLGetTypeInfo")
        tables = try pair("SQLTables")
        columns = try pair("SQLColumns")
        primaryKeys = try pair("SQLPrimaryKeys")
    }
}
