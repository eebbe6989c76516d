internal import CSQLite

/// SQL functions of our own, in every connection.
enum SQLiteFunctions {
    /// `bobbin_text(x)`: a float64 as the shortest text that reads back as the same float64; anything else as it is.
    ///
    /// SQLite's own casts and formats keep 15 digits or round the 17th wrongly.
    static func define(_ handle: OpaquePointer) {
        sqlite3_create_function_v2(
            handle, "bobbin_text", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nil,
            { context, _, arguments in
                guard let value = arguments?.pointee else { return }
                guard sqlite3_value_type(value) == SQLITE_FLOAT else {
                    sqlite3_result_value(context, value)
                    return
                }
                let text = sqlite3_value_double(value).description
                let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
                sqlite3_result_text(context, text, Int32(text.utf8.count), transient)
            }, nil, nil, nil)
    }
}
