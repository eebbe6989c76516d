// The structures of ODBC's C interface that Bobbin reads and writes, declared by hand from the published reference
// (Microsoft, "ODBC API Reference", version 3.8, appendix D "Data Types": "C Data Types"), so that building needs no
// header package. Handles are opaque pointers; the functions are found at run time (ODBCLibrary). ODBCLayoutTests
// compares sizes and offsets with that appendix. 64-bit, as unixODBC's libodbc.so.2 is built: SQLLEN and SQLULEN have
// 64 bits, SQLWCHAR has 16.
#pragma once
#include <stdint.h>

// SQL_DATE_STRUCT: 6 bytes.
typedef struct bobbin_odbc_date {
    int16_t year;
    uint16_t month;
    uint16_t day;
} bobbin_odbc_date;

// SQL_TIMESTAMP_STRUCT: 16 bytes.
typedef struct bobbin_odbc_timestamp {
    int16_t year;
    uint16_t month;
    uint16_t day;
    uint16_t hour;
    uint16_t minute;
    uint16_t second;
    uint32_t fraction;              // billionths of a second
} bobbin_odbc_timestamp;

// SQLGUID: 16 bytes; the first three fields in the machine's byte order.
typedef struct bobbin_odbc_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
} bobbin_odbc_guid;
