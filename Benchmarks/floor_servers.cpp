// The floors of the servers: the chunks of a spool into a table of one known shape, by the least that each server needs; one
// thread, one transaction a chunk, no retries, no ledger, no rows set aside. A measuring aid, not a part of the product.
//
// floor-servers postgres SPOOL CONNINFO TABLE COLUMNS KEY copy|stage     COPY; or COPY into a temporary table and an upsert
// floor-servers mariadb SPOOL PORT DATABASE TABLE COLUMNS KEY load|replace    LOAD DATA LOCAL, passing over or replacing
//
// COLUMNS: name,name (the record's, in its order)   KEY: name,name
#include <libpq-fe.h>
#include <mysql.h>

#include <cstring>
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

int main(int count, char** values) {
    const string command = count > 1 ? values[1] : "";
    const std::vector<string> a(values + std::min(count, 2), values + count);
    if (command == "postgres" && a.size() == 6) {
        Postgres server(a[1], a[2], a[3], a[4], a[5] == "stage");
        loadAll(a[0], a[3], server);
    } else if (command == "mariadb" && a.size() == 7) {
        MariaDB server(a[1], a[2], a[3], a[6] == "replace");
        loadAll(a[0], a[4], server);
    } else {
        fail("see the head of floor_servers.cpp");
    }
}
