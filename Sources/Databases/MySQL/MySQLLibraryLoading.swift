internal import Glibc

extension MySQLLibrary {
    /// Constants of the binary interface: options of mysql_options ("mysql_options", enum mysql_option).
    enum Options {
        static let connectTimeout: UInt32 = 0
        static let defaultsFile: UInt32 = 4
        static let defaultsGroup: UInt32 = 5
        static let charset: UInt32 = 7
        static let localInfile: UInt32 = 8
        static let transport: UInt32 = 9
        static let readTimeout: UInt32 = 11
        static let writeTimeout: UInt32 = 12
        static let reconnect: UInt32 = 20
        static let verifyServer: UInt32 = 21
        static let key: UInt32 = 25
        static let certificate: UInt32 = 26
        static let authority: UInt32 = 27
        static let enforceTLS: UInt32 = 38
    }

    /// MYSQL_PROTOCOL_TCP of enum mysql_protocol_type.
    static let tcp: UInt32 = 1
    /// MARIADB_CONNECTION_SERVER_STATUS of mariadb_get_info, and its bit SERVER_STATUS_IN_TRANS.
    static let serverStatusInfo: UInt32 = 30
    static let inTransaction: UInt32 = 1
    /// mysql_stmt_attr_set: compute each column's largest width while storing.
    static let updateMaxLength: UInt32 = 0

    /// Finds every function and starts the library (mysql_server_init, which mysql_library_init is a name for).
    init(_ file: String) throws(MySQLError) {
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
            throw MySQLError(
                0, "MySQL and MariaDB need \(file), which cannot be loaded: install the package libmariadb3")
        }
        func find<Function>(_ name: String) throws(MySQLError) -> Function {
            guard let address = dlsym(handle, name) else {
                throw MySQLError(0, "\(file) has no function \(name): install the package libmariadb3")
            }
            return unsafeBitCast(address, to: Function.self)
        }
        create = try find("mysql_init")
        options = try find("mysql_options")
        connect = try find("mysql_real_connect")
        close = try find("mysql_close")
        cancel = try find("mariadb_cancel")
        query = try find("mysql_real_query")
        errorNumber = try find("mysql_errno")
        errorText = try find("mysql_error")
        errorState = try find("mysql_sqlstate")
        affectedRows = try find("mysql_affected_rows")
        warningCount = try find("mysql_warning_count")
        info = try find("mysql_info")
        connectionInfo = try find("mariadb_get_info")
        threadID = try find("mysql_thread_id")
        serverInfo = try find("mysql_get_server_info")
        cipher = try find("mysql_get_ssl_cipher")
        setInfile = try find("mysql_set_local_infile_handler")
        threadStart = try find("mysql_thread_init")
        threadEnd = try find("mysql_thread_end")
        useResult = try find("mysql_use_result")
        fieldCount = try find("mysql_field_count")
        resultFieldCount = try find("mysql_num_fields")
        fields = try find("mysql_fetch_fields")
        fetchRow = try find("mysql_fetch_row")
        fetchLengths = try find("mysql_fetch_lengths")
        freeResult = try find("mysql_free_result")
        moreResults = try find("mysql_more_results")
        nextResult = try find("mysql_next_result")
        statementCreate = try find("mysql_stmt_init")
        statementPrepare = try find("mysql_stmt_prepare")
        statementParameterCount = try find("mysql_stmt_param_count")
        statementBind = try find("mysql_stmt_bind_param")
        statementExecute = try find("mysql_stmt_execute")
        statementAttribute = try find("mysql_stmt_attr_set")
        statementMetadata = try find("mysql_stmt_result_metadata")
        statementStore = try find("mysql_stmt_store_result")
        statementBindResult = try find("mysql_stmt_bind_result")
        statementFetch = try find("mysql_stmt_fetch")
        statementFreeResult = try find("mysql_stmt_free_result")
        statementAffectedRows = try find("mysql_stmt_affected_rows")
        statementClose = try find("mysql_stmt_close")
        statementErrorNumber = try find("mysql_stmt_errno")
        statementErrorText = try find("mysql_stmt_error")
        statementErrorState = try find("mysql_stmt_sqlstate")
        typealias ServerStart = @convention(c) (Int32, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?) -> Int32
        let start: ServerStart = try find("mysql_server_init")
        guard start(0, nil, nil) == 0 else { throw MySQLError(2000, "\(file) could not be started") }
    }
}
