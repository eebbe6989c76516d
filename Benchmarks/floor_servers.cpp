// The floors of the servers: the chunks of a spool into a table of one known shape, by the least that each server needs; one
// thread, one transaction a chunk, no retries, no ledger, no rows set aside. A measuring aid, not a part of the product.
//
// floor-servers postgres SPOOL CONNINFO TABLE COLUMNS KEY copy|stage     COPY; or COPY into a temporary table and an upsert
// floor-servers mariadb SPOOL PORT DATABASE TABLE COLUMNS KEY load|replace    LOAD DATA LOCAL, passing over or replacing
//
// floor-servers unload-postgres CONNINFO TABLE COLUMNS SPOOL [ORDER]     COPY (SELECT ...) TO STDOUT, binary -> one zstd-3
// floor-servers unload-mariadb PORT DATABASE TABLE COLUMNS SPOOL         an unbuffered result -> NDJSON chunk for 50,000 rows
//
// COLUMNS: name,name (the record's, in its order); for unload name:text,name:integer   KEY, ORDER: name,name
#include <endian.h>
#include <libpq-fe.h>
#include <mysql.h>

#include <memory>

#include "chunks.h"

// A chunk as the text that both COPY and LOAD DATA read: tabs between fields, backslashes before what is not itself.
class TextWriter {
public:
    explicit TextWriter(size_t columns) : columns(columns) {}

    const string& write(string& lines) {
        text.clear();
        ondemand::document_stream documents =
            take(parser.iterate_many(lines.data(), lines.size(), std::max<size_t>(lines.size(), 1 << 20)));
        for (auto document = documents.begin(); document != documents.end(); ++document) {
            auto reference = *document;
            size_t column = 0;
            for (auto field : take(reference.get_object())) {
                ondemand::value value = take(field.value());
                if (take(value.type()) == ondemand::json_type::number)
                    text.append(std::to_string(take(value.get_int64())));
                else
                    append(take(value.get_string()));
                text.push_back(++column < columns ? '\t' : '\n');
            }
            check(column == columns, "a record of other columns");
            ++rows;
        }
        return text;
    }

    size_t rows = 0;

private:
    void append(string_view value) {
        for (const char byte : value) {
            switch (byte) {
            case '\\': text.append("\\\\"); break;
            case '\n': text.append("\\n"); break;
            case '\t': text.append("\\t"); break;
            case '\r': text.append("\\r"); break;
            default: text.push_back(byte);
            }
        }
    }
    size_t columns;
    string text;
    ondemand::parser parser;
};

class Postgres {
public:
    Postgres(const string& place, const string& table, const string& columns, const string& key, bool isStaging)
        : connection(PQconnectdb(place.c_str()), PQfinish) {
        check(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
        copy = "COPY " + table + " FROM STDIN";
        if (!isStaging) return;
        run("CREATE TEMPORARY TABLE stage(LIKE " + table + ")");
        copy = "COPY stage FROM STDIN";
        const auto keys = split(key);
        for (const string& column : split(columns))
            if (std::find(keys.begin(), keys.end(), column) == keys.end())
                move += (move.empty() ? "" : ", ") + column + " = excluded." + column;
        move = "INSERT INTO " + table + " SELECT * FROM stage ON CONFLICT(" + key + ") DO UPDATE SET " + move;
    }

    void load(const string& text) {
        run("BEGIN");
        run(copy);
        check(PQputCopyData(connection.get(), text.data(), int(text.size())) == 1, "the data were not sent");
        check(PQputCopyEnd(connection.get(), nullptr) == 1, "the end was not sent");
        while (PGresult* result = PQgetResult(connection.get())) {
            check(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(connection.get()));
            PQclear(result);
        }
        if (!move.empty()) {
            run(move);
            run("TRUNCATE stage");
        }
        run("COMMIT");
    }

private:
    void run(const string& sql) {
        PGresult* result = PQexec(connection.get(), sql.c_str());
        const auto status = PQresultStatus(result);
        check(status == PGRES_COMMAND_OK || status == PGRES_COPY_IN, sql + ": " + PQerrorMessage(connection.get()));
        PQclear(result);
    }
    std::unique_ptr<PGconn, void (*)(PGconn*)> connection;
    string copy, move;
};

class MariaDB {
public:
    MariaDB(const string& port, const string& database, const string& table, bool isReplacing)
        : connection(mysql_init(nullptr), mysql_close) {
        unsigned on = 1;
        mysql_options(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
        mysql_options(connection.get(), MYSQL_OPT_LOCAL_INFILE, &on);
        check(mysql_real_connect(connection.get(), "127.0.0.1", "root", nullptr, database.c_str(),
                                 unsigned(std::stoul(port)), nullptr, 0),
              mysql_error(connection.get()));
        mysql_set_local_infile_handler(
            connection.get(),
            [](void** data, const char*, void* own) {
                *data = own;
                return 0;
            },
            [](void* own, char* room, unsigned size) {
                string_view& rest = static_cast<MariaDB*>(own)->rest;
                const size_t count = std::min<size_t>(size, rest.size());
                memcpy(room, rest.data(), count);
                rest.remove_prefix(count);
                return int(count);
            },
            [](void*) {}, [](void*, char*, unsigned) { return 0; }, this);
        run("SET autocommit = 0");
        statement = string("LOAD DATA LOCAL INFILE 'floor' ") + (isReplacing ? "REPLACE " : "") + "INTO TABLE " + table +
                    " CHARACTER SET utf8mb4";
    }

    void load(const string& text) {
        rest = text;
        run(statement);
        run("COMMIT");
    }

private:
    void run(const string& sql) {
        check(mysql_real_query(connection.get(), sql.data(), sql.size()) == 0, mysql_error(connection.get()));
    }
    std::unique_ptr<MYSQL, void (*)(MYSQL*)> connection;
    string statement;
    string_view rest;
};

template <typename Server>
void loadAll(const string& spool, const string& columns, Server& server) {
    ChunkReader reader;
    TextWriter writer(split(columns).size());
    for (const string& path : chunks(spool)) server.load(writer.write(reader.read(path)));
    printf("%zu rows\n", writer.rows);
}

// A big-endian number of a binary COPY; moves behind it.
template <typename Number>
Number number(const char*& bytes) {
    Number value;
    memcpy(&value, bytes, sizeof value);
    bytes += sizeof value;
    if constexpr (sizeof value == 2) return Number(be16toh(value));
    if constexpr (sizeof value == 4) return Number(be32toh(value));
    return Number(be64toh(value));
}

size_t unloadPostgres(const string& place, const string& table, const string& columns, const string& spool,
                      const string& order) {
    RecordWriter writer(columns, spool);
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(place.c_str()), PQfinish);
    check(PQstatus(connection.get()) == CONNECTION_OK, PQerrorMessage(connection.get()));
    const string sql = "COPY (SELECT " + writer.list('"') + " FROM " + table +
                       (order.empty() ? "" : " ORDER BY " + order) + ") TO STDOUT (FORMAT binary)";
    PGresult* result = PQexec(connection.get(), sql.c_str());
    check(PQresultStatus(result) == PGRES_COPY_OUT, PQerrorMessage(connection.get()));
    PQclear(result);
    char* row = nullptr;
    bool isFirst = true;
    int size;
    for (; (size = PQgetCopyData(connection.get(), &row, 0)) > 0; PQfreemem(row)) {
        const char* bytes = row + (isFirst ? 19 : 0);
        isFirst = false;
        if (bytes >= row + size || number<int16_t>(bytes) < 0) continue;
        for (size_t column = 0; column < writer.count(); ++column) {
            const auto length = number<int32_t>(bytes);
            if (length >= 0 && writer.isNumber(column)) {
                writer.put(column, number<int64_t>(bytes));
                continue;
            }
            writer.put(column, length < 0 ? nullptr : bytes, size_t(std::max(length, 0)));
            bytes += std::max(length, 0);
        }
        writer.end();
    }
    check(size == -1, PQerrorMessage(connection.get()));
    result = PQgetResult(connection.get());
    check(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(connection.get()));
    PQclear(result);
    return writer.finish();
}

size_t unloadMariaDB(const string& port, const string& database, const string& table, const string& columns,
                     const string& spool) {
    RecordWriter writer(columns, spool);
    const std::unique_ptr<MYSQL, void (*)(MYSQL*)> connection(mysql_init(nullptr), mysql_close);
    mysql_options(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    check(mysql_real_connect(connection.get(), "127.0.0.1", "root", nullptr, database.c_str(), unsigned(std::stoul(port)),
                             nullptr, 0),
          mysql_error(connection.get()));
    const string sql = "SELECT " + writer.list('`') + " FROM " + table;
    check(mysql_real_query(connection.get(), sql.data(), sql.size()) == 0, mysql_error(connection.get()));
    MYSQL_RES* rows = mysql_use_result(connection.get());
    check(rows, mysql_error(connection.get()));
    while (const MYSQL_ROW row = mysql_fetch_row(rows)) {
        const unsigned long* sizes = mysql_fetch_lengths(rows);
        for (size_t column = 0; column < writer.count(); ++column) writer.put(column, row[column], sizes[column]);
        writer.end();
    }
    check(mysql_errno(connection.get()) == 0, mysql_error(connection.get()));
    mysql_free_result(rows);
    return writer.finish();
}

int main(int count, char** values) {
    const string command = count > 1 ? values[1] : "";
    const std::vector<string> a(values + std::min(count, 2), values + count);
    if (command == "postgres" && a.size() == 6) {
        Postgres server(a[1], a[2], a[3], a[4], a[5] == "stage");
        loadAll(a[0], a[3], server);
    } else if (command == "mariadb" && a.size() == 7) {
        MariaDB server(a[1], a[2], a[3], a[6] == "replace");
        loadAll(a[0], a[4], server);
    } else if (command == "unload-postgres" && (a.size() == 4 || a.size() == 5)) {
        printf("%zu rows\n", unloadPostgres(a[0], a[1], a[2], a[3], a.size() == 5 ? a[4] : ""));
    } else if (command == "unload-mariadb" && a.size() == 5) {
        printf("%zu rows\n", unloadMariaDB(a[0], a[1], a[2], a[3], a[4]));
    } else {
        fail("see the head of floor_servers.cpp");
    }
}
