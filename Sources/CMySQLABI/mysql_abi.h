// The part of libmariadb's stable binary interface (libmariadb.so.3, 64-bit) that Bobbin uses, declared by hand from
// the published documentation (MariaDB Connector/C, "Data Structures": MYSQL_FIELD, MYSQL_BIND; "API Functions"), so
// that building needs no header package. Handles (MYSQL, MYSQL_RES, MYSQL_STMT) are opaque pointers: their layouts are
// never looked at. MySQLLayoutTests compares sizes and offsets with the real header where libmariadb-dev is installed.
#pragma once

// Column metadata (MYSQL_FIELD): 128 bytes.
typedef struct bobbin_mysql_field {
    const char *name;               // as the result calls it, UTF-8
    const char *org_name;           // as the table calls it; empty for an expression
    const char *table;              // the table's alias
    const char *org_table;          // the table; empty for an expression
    const char *db;
    const char *catalog;
    const char *def;
    unsigned long length;           // largest width in bytes
    unsigned long max_length;       // largest width of a stored result
    unsigned int name_length;
    unsigned int org_name_length;
    unsigned int table_length;
    unsigned int org_table_length;
    unsigned int db_length;
    unsigned int catalog_length;
    unsigned int def_length;
    unsigned int flags;
    unsigned int decimals;
    unsigned int charsetnr;         // collation number; 63 is binary
    unsigned int type;
    void *extension;
} bobbin_mysql_field;

// One parameter or result column of a prepared statement (MYSQL_BIND): 112 bytes; zeroed before use.
typedef struct bobbin_mysql_bind {
    unsigned long *length;          // bytes in or out
    char *is_null;                  // out: 1 for NULL
    void *buffer;                   // where the value lies or goes
    char *error;                    // out: 1 when cut off
    void *row_ptr;                  // the library's own from here ...
    void *store_param_func;
    void *fetch_result;
    void *skip_result;              // ... to here
    unsigned long buffer_length;    // room at buffer
    unsigned long offset;
    unsigned long length_value;
    unsigned int flags;
    unsigned int pack_length;
    unsigned int buffer_type;       // what lies at buffer: a type code
    char error_value;
    char is_unsigned;               // in: the integer is unsigned
    char long_data_used;
    char is_null_value;
    void *extension;
} bobbin_mysql_bind;
