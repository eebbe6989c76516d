internal import Glibc

extension DuckDBLibrary {
    /// Finds every function.
    init(_ file: String) throws(DuckDBError) {
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else {
            throw DuckDBError(
                .configuration,
                "DuckDB needs \(file), which cannot be loaded: install libduckdb (version 1.4 or newer, from duckdb.org) where the linker "
                    + "finds it (LD_LIBRARY_PATH names its directory), or name the file by `library` of the connection in a configuration file"
            )
        }
        func find<Function>(_ name: String) throws(DuckDBError) -> Function {
            guard let address = dlsym(handle, name) else {
                throw DuckDBError(
                    .configuration, "\(file) has no function \(name): install libduckdb of version 1.4 or newer")
            }
            return unsafeBitCast(address, to: Function.self)
        }
        open = try find("duckdb_open_ext")
        close = try find("duckdb_close")
        connect = try find("duckdb_connect")
        disconnect = try find("duckdb_disconnect")
        interrupt = try find("duckdb_interrupt")
        createConfig = try find("duckdb_create_config")
        setConfig = try find("duckdb_set_config")
        destroyConfig = try find("duckdb_destroy_config")
        free = try find("duckdb_free")
        libraryVersion = try find("duckdb_library_version")
        query = try find("duckdb_query")
        destroyResult = try find("duckdb_destroy_result")
        resultError = try find("duckdb_result_error")
        resultErrorType = try find("duckdb_result_error_type")
        rowsChanged = try find("duckdb_rows_changed")
        columnCount = try find("duckdb_column_count")
        columnName = try find("duckdb_column_name")
        columnType = try find("duckdb_column_logical_type")
        fetchChunk = try find("duckdb_fetch_chunk")
        prepare = try find("duckdb_prepare")
        destroyPrepare = try find("duckdb_destroy_prepare")
        prepareError = try find("duckdb_prepare_error")
        clearBindings = try find("duckdb_clear_bindings")
        bindText = try find("duckdb_bind_varchar_length")
        bindInteger = try find("duckdb_bind_int64")
        bindDouble = try find("duckdb_bind_double")
        bindBoolean = try find("duckdb_bind_boolean")
        bindNull = try find("duckdb_bind_null")
        executePrepared = try find("duckdb_execute_prepared")
        preparedColumnCount = try find("duckdb_prepared_statement_column_count")
        preparedColumnName = try find("duckdb_prepared_statement_column_name")
        preparedColumnType = try find("duckdb_prepared_statement_column_logical_type")
        pendingStreaming = try find("duckdb_pending_prepared_streaming")
        executePending = try find("duckdb_execute_pending")
        pendingError = try find("duckdb_pending_error")
        destroyPending = try find("duckdb_destroy_pending")
        createChunk = try find("duckdb_create_data_chunk")
        destroyChunk = try find("duckdb_destroy_data_chunk")
        resetChunk = try find("duckdb_data_chunk_reset")
        chunkSize = try find("duckdb_data_chunk_get_size")
        setChunkSize = try find("duckdb_data_chunk_set_size")
        chunkVector = try find("duckdb_data_chunk_get_vector")
        vectorData = try find("duckdb_vector_get_data")
        vectorValidity = try find("duckdb_vector_get_validity")
        makeValidityWritable = try find("duckdb_vector_ensure_validity_writable")
        vectorSize = try find("duckdb_vector_size")
        createType = try find("duckdb_create_logical_type")
        createDecimalType = try find("duckdb_create_decimal_type")
        setTypeAlias = try find("duckdb_logical_type_set_alias")
        destroyType = try find("duckdb_destroy_logical_type")
        typeID = try find("duckdb_get_type_id")
        decimalWidth = try find("duckdb_decimal_width")
        decimalScale = try find("duckdb_decimal_scale")
        decimalStorage = try find("duckdb_decimal_internal_type")
        createAppender = try find("duckdb_appender_create_query")
        destroyAppender = try find("duckdb_appender_destroy")
        appendChunk = try find("duckdb_append_data_chunk")
        flushAppender = try find("duckdb_appender_flush")
        clearAppender = try find("duckdb_appender_clear")
        appenderError = try find("duckdb_appender_error_data")
        errorType = try find("duckdb_error_data_error_type")
        errorMessage = try find("duckdb_error_data_message")
        destroyError = try find("duckdb_destroy_error_data")
    }
}
