// The structures of DuckDB's C interface (libduckdb.so, 64-bit) that Bobbin hands over by value or looks into, declared by
// hand from the published documentation (DuckDB, "C API": "Query", "Data Chunks", "Vectors", "Types"), so that building needs
// no header package. All handles (database, connection, chunk, vector, type, appender ...) are opaque pointers.
#pragma once

#include <stdint.h>

// What a query gave (duckdb_result): 48 bytes that the caller owns, zeroed before use, freed by duckdb_destroy_result.
// Its former fields must not be used any more.
typedef struct bobbin_duckdb_result {
    uint64_t deprecated_column_count;
    uint64_t deprecated_row_count;
    uint64_t deprecated_rows_changed;
    void *deprecated_columns;
    char *deprecated_error_message;
    void *internal_data;
} bobbin_duckdb_result;

// A text or blob in a vector (duckdb_string_t): 16 bytes. Up to 12 bytes of text begin at `prefix`; of a longer one the first 4
// stand there, and all of it at `pointer`.
typedef struct bobbin_duckdb_string {
    uint32_t length;
    uint8_t prefix[4];
    const uint8_t *pointer;
} bobbin_duckdb_string;

// A 128-bit integer in a vector (duckdb_hugeint): upper * 2^64 + lower. Decimals of more than 18 digits are such integers.
typedef struct bobbin_duckdb_hugeint {
    uint64_t lower;
    int64_t upper;
} bobbin_duckdb_hugeint;
