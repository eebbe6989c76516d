// What the hardware and the libraries allow: the stages of Bobbin for one known shape of rows, without retries, state,
// schema inference or manifests. A measuring aid, not a part of the product.
//
// floor extract BASE DATE DOMAINS SPOOL        pages by rank cursor -> one zstd-3 NDJSON chunk a page, fsync, rename
// floor split FILE SPOOL ROWS                  an NDJSON file -> such chunks (no measurement; input for `load`)
// floor load SPOOL DB TABLE COLUMNS KEY        chunks -> SQLite, one upsert a row, one transaction a chunk
// floor run BASE DATE DOMAINS SPOOL DB TABLE COLUMNS KEY     both, a thread each
// floor unload DB TABLE COLUMNS SPOOL          SQLite -> one zstd-3 NDJSON chunk for 50,000 rows, fsync, rename
// floor sum SPOOL COLUMN                       rows below a spool, at any depth, and the sum of a column (no measurement)
//
// DOMAINS: a,b,c   COLUMNS: name:text,name:integer,name:json   KEY: name,name
#include <curl/curl.h>
#include <sqlite3.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "chunks.h"

constexpr size_t pageSize = 5000;

class Client {
public:
    explicit Client(string base) : base(std::move(base)) {
        curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
        curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, 512L << 10);
        curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, append);
    }
    ~Client() { curl_easy_cleanup(handle); }

    string& get(const string& path) {
        body.clear();
        curl_easy_setopt(handle, CURLOPT_URL, (base + path).c_str());
        const CURLcode code = curl_easy_perform(handle);
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        check(code == CURLE_OK && status == 200, "GET " + path + ": " + curl_easy_strerror(code) + ", status " +
                                                     std::to_string(status));
        return body;
    }

private:
    static size_t append(char* bytes, size_t size, size_t count, void* body) {
        static_cast<string*>(body)->append(bytes, size * count);
        return size * count;
    }
    string base, body;
    CURL* handle = curl_easy_init();
};

// Cuts a page into lines. Every value of every record is read, as a check; returns records and the last rank.
class PageReader {
public:
    std::pair<size_t, int64_t> read(string& page, string& lines) {
        lines.clear();
        size_t records = 0;
        int64_t rank = -1;
        padded(page);
        ondemand::document document = take(parser.iterate(page.data(), page.size(), page.capacity()));
        for (auto element : take(document["data"].get_array())) {
            ondemand::object record = take(element.get_object());
            const string_view text = take(record.raw_json());
            lines.append(text).push_back('\n');
            check(!record.reset().error(), "the record cannot be read again");
            for (auto field : record) {
                const string_view key = take(field.unescaped_key());
                if (key == "rank")
                    rank = take(field.value().get_int64());
                else
                    take(field.value().get_string());
            }
            ++records;
        }
        return {records, rank};
    }

private:
    ondemand::parser parser;
};

void extract(const string& base, const string& date, const string& domains, const string& spool,
             const std::function<void(string)>& published) {
    Client client(base);
    ChunkWriter writer(spool);
    PageReader reader;
    string lines;
    for (const string& domain : split(domains)) {
        std::pair<size_t, int64_t> page{pageSize, 0};
        while (page.first == pageSize) {
            string& body = client.get("/faults?domain=" + domain + "&date=" + date + "&lastRank=" +
                                      std::to_string(page.second) + "&limit=" + std::to_string(pageSize));
            page = reader.read(body, lines);
            if (page.first > 0) published(writer.write(lines));
        }
    }
}

class Loader {
public:
    Loader(const string& path, const string& table, const string& columnList, const string& keyList) {
        check(sqlite3_open(path.c_str(), &database) == SQLITE_OK, "open " + path);
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;");
        const auto keys = split(keyList);
        string definitions, marks, updates;
        for (const string& column : split(columnList)) {
            const auto parts = split(column, ':');
            const string name = parts[0];
            const bool isKey = std::find(keys.begin(), keys.end(), name) != keys.end();
            names.push_back(name);
            kinds.push_back(parts[1][0]);
            definitions += (definitions.empty() ? "" : ",") + name + (parts[1] == "integer" ? " INTEGER" : " TEXT") +
                           (isKey ? " NOT NULL" : "");
            marks += marks.empty() ? "?" : ",?";
            if (!isKey) updates += (updates.empty() ? "" : ",") + name + "=excluded." + name;
        }
        run("CREATE TABLE IF NOT EXISTS " + table + "(" + definitions + ")");
        run("CREATE UNIQUE INDEX IF NOT EXISTS " + table + "_key ON " + table + "(" + keyList + ")");
        const string sql = "INSERT INTO " + table + " VALUES(" + marks + ") ON CONFLICT(" + keyList +
                           ") DO UPDATE SET " + updates;
        check(sqlite3_prepare_v2(database, sql.c_str(), -1, &insert, nullptr) == SQLITE_OK, sqlite3_errmsg(database));
    }
    ~Loader() {
        sqlite3_finalize(insert);
        sqlite3_close(database);
    }

    size_t load(string& lines) {
        size_t rows = 0;
        run("BEGIN IMMEDIATE");
        ondemand::document_stream documents =
            take(parser.iterate_many(lines.data(), lines.size(), std::max<size_t>(lines.size(), 1 << 20)));
        for (auto document = documents.begin(); document != documents.end(); ++document) {
            size_t expected = 0;
            auto reference = *document;
            for (auto field : take(reference.get_object())) {
                const size_t column = index(take(field.unescaped_key()), expected);
                expected = column + 1;
                bind(int(column), field);
            }
            check(sqlite3_step(insert) == SQLITE_DONE, sqlite3_errmsg(database));
            sqlite3_reset(insert);
            ++rows;
        }
        run("COMMIT");
        return rows;
    }

private:
    template <typename Field>
    void bind(int column, Field& field) {
        if (kinds[column] == 'i') {
            sqlite3_bind_int64(insert, column + 1, take(field.value().get_int64()));
            return;
        }
        // The parser's buffer holds the text until the next document: no copy is needed.
        const string_view text =
            kinds[column] == 'j' ? take(take(field.value().get_object()).raw_json()) : take(field.value().get_string());
        sqlite3_bind_text(insert, column + 1, text.data(), int(text.size()), SQLITE_STATIC);
    }

    size_t index(string_view key, size_t expected) const {
        if (expected < names.size() && names[expected] == key) return expected;
        const auto found = std::find(names.begin(), names.end(), key);
        check(found != names.end(), "no such column: " + string(key));
        return size_t(found - names.begin());
    }

    void run(const string& sql) {
        check(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK,
              sql + ": " + sqlite3_errmsg(database));
    }

    sqlite3* database = nullptr;
    sqlite3_stmt* insert = nullptr;
    std::vector<string> names;
    std::vector<char> kinds;
    ondemand::parser parser;
};

size_t loadAll(const string& spool, Loader& loader) {
    ChunkReader reader;
    size_t rows = 0;
    for (const string& path : chunks(spool)) rows += loader.load(reader.read(path));
    return rows;
}

size_t runBoth(const std::vector<string>& a) {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<string> waiting;
    bool ended = false;
    size_t rows = 0;
    std::thread loading([&] {
        Loader loader(a[4], a[5], a[6], a[7]);
        ChunkReader reader;
        for (;;) {
            string path;
            {
                std::unique_lock<std::mutex> lock(mutex);
                changed.wait(lock, [&] { return ended || !waiting.empty(); });
                if (waiting.empty()) return;
                path = waiting.front();
                waiting.pop_front();
            }
            rows += loader.load(reader.read(path));
            unlink(path.c_str());
        }
    });
    const auto push = [&](const string& path, bool last) {
        {
            std::lock_guard<std::mutex> lock(mutex);
            if (!last) waiting.push_back(path);
            ended = last;
        }
        changed.notify_one();
    };
    extract(a[0], a[1], a[2], a[3], [&](const string& path) { push(path, false); });
    push("", true);
    loading.join();
    return rows;
}

size_t unload(const string& path, const string& table, const string& columns, const string& spool) {
    RecordWriter writer(columns, spool);
    sqlite3* database = nullptr;
    sqlite3_stmt* rows = nullptr;
    // A read of a WAL file may have to write its shared memory.
    check(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK, "open " + path);
    const string sql = "SELECT " + writer.list('"') + " FROM " + table;
    check(sqlite3_prepare_v2(database, sql.c_str(), -1, &rows, nullptr) == SQLITE_OK, sqlite3_errmsg(database));
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int column = 0; column < int(writer.count()); ++column) {
            const auto text = reinterpret_cast<const char*>(sqlite3_column_text(rows, column));
            writer.put(column, text, size_t(sqlite3_column_bytes(rows, column)));
        }
        writer.end();
    }
    check(code == SQLITE_DONE, sqlite3_errmsg(database));
    sqlite3_finalize(rows);
    sqlite3_close(database);
    return writer.finish();
}

void sum(const string& spool, const string& column) {
    ChunkReader reader;
    ondemand::parser parser;
    size_t rows = 0;
    int64_t total = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(spool)) {
        if (entry.path().extension() != ".zst") continue;
        string& lines = reader.read(entry.path());
        ondemand::document_stream documents =
            take(parser.iterate_many(lines.data(), lines.size(), std::max<size_t>(lines.size(), 1 << 20)));
        for (auto document = documents.begin(); document != documents.end(); ++document, ++rows) {
            auto reference = *document;
            total += take(reference[column].get_int64());
        }
        check(documents.truncated_bytes() == 0, "a record is cut");
    }
    printf("%zu|%lld\n", rows, (long long)total);
}

void splitFile(const string& path, const string& spool, size_t rows) {
    std::ifstream file(path);
    check(bool(file), "open " + path);
    ChunkWriter writer(spool);
    string lines;
    size_t count = 0;
    for (string line; getline(file, line);) {
        lines.append(line).push_back('\n');
        if (++count % rows == 0) {
            writer.write(lines);
            lines.clear();
        }
    }
    if (!lines.empty()) writer.write(lines);
}

int main(int count, char** values) {
    const string command = count > 1 ? values[1] : "";
    const std::vector<string> a(values + std::min(count, 2), values + count);
    if (command == "extract" && a.size() == 4) {
        extract(a[0], a[1], a[2], a[3], [](const string&) {});
    } else if (command == "split" && a.size() == 3) {
        splitFile(a[0], a[1], std::stoul(a[2]));
    } else if (command == "load" && a.size() == 5) {
        Loader loader(a[1], a[2], a[3], a[4]);
        printf("%zu rows\n", loadAll(a[0], loader));
    } else if (command == "run" && a.size() == 8) {
        printf("%zu rows\n", runBoth(a));
    } else if (command == "unload" && a.size() == 4) {
        printf("%zu rows\n", unload(a[0], a[1], a[2], a[3]));
    } else if (command == "sum" && a.size() == 2) {
        sum(a[0], a[1]);
    } else {
        fail("see the head of floor.cpp");
    }
}
