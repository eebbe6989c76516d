"""duckdb_sql.py LIBRARY FILE SQL...: runs the statements in a file of DuckDB (or :memory:) and prints the first row of the last.

The engine itself, by the library that Bobbin loads: the floor of its figures, and their check.
"""
import ctypes
import sys


class Result(ctypes.Structure):
    """duckdb_result of duckdb.h."""

    _fields_ = [("counts", ctypes.c_uint64 * 3), ("pointers", ctypes.c_void_p * 3)]


def main():
    library = ctypes.CDLL(sys.argv[1])
    for name, kind in (("duckdb_result_error", ctypes.c_char_p), ("duckdb_value_varchar", ctypes.c_char_p),
                       ("duckdb_column_count", ctypes.c_uint64), ("duckdb_row_count", ctypes.c_uint64)):
        getattr(library, name).restype = kind
    database, connection, error = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_char_p()
    if library.duckdb_open_ext(sys.argv[2].encode(), ctypes.byref(database), None, ctypes.byref(error)):
        sys.exit(error.value.decode(errors="replace"))
    if library.duckdb_connect(database, ctypes.byref(connection)):
        sys.exit("duckdb_connect fails")
    row = ""
    for sql in sys.argv[3:]:
        result = Result()
        if library.duckdb_query(connection, sql.encode(), ctypes.byref(result)):
            sys.exit(library.duckdb_result_error(ctypes.byref(result)).decode(errors="replace"))
        if library.duckdb_row_count(ctypes.byref(result)):
            # The texts are not freed: they are few, and this process ends.
            row = "|".join((library.duckdb_value_varchar(ctypes.byref(result), ctypes.c_uint64(column), ctypes.c_uint64(0))
                            or b"").decode() for column in range(library.duckdb_column_count(ctypes.byref(result))))
        library.duckdb_destroy_result(ctypes.byref(result))
    library.duckdb_disconnect(ctypes.byref(connection))
    # The log goes into the file.
    library.duckdb_close(ctypes.byref(database))
    print(row)


main()
