#pragma once
#include <sqlite3.h>

/// "x" names a column and is never a text (https://sqlite.org/quirks.html#dblquote); the call is variadic, which Swift
/// cannot make.
static inline void bobbin_sqlite_refuse_quoted_text(sqlite3 *connection) {
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0);
}
