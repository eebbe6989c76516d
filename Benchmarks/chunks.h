// What the floors share: chunks of a spool, read and written, and the few helpers around simdjson.
#pragma once
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>
#define ZSTD_STATIC_LINKING_ONLY  // for ZSTD_findDecompressedSize
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ondemand = simdjson::ondemand;
using std::string;
using std::string_view;

[[noreturn]] inline void fail(const string& what) {
    fprintf(stderr, "floor: %s\n", what.c_str());
    exit(1);
}

inline void check(bool holds, const string& what) {
    if (!holds) fail(what);
}

template <typename Value>
Value take(simdjson::simdjson_result<Value>&& result) {
    Value value;
    check(!std::move(result).get(value), "the JSON is not what it should be");
    return value;
}

inline std::vector<string> split(const string& text, char separator = ',') {
    std::vector<string> parts;
    std::stringstream stream(text);
    for (string part; getline(stream, part, separator);) parts.push_back(part);
    return parts;
}

// A string whose buffer always has the padding that simdjson reads beyond the text.
inline string_view padded(string& text) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    return text;
}

class ChunkReader {
public:
    ~ChunkReader() { ZSTD_freeDCtx(context); }

    string& read(const string& path) {
        std::ifstream file(path, std::ios::binary);
        check(bool(file), "open " + path);
        packed.resize(std::filesystem::file_size(path));
        check(bool(file.read(packed.data(), packed.size())), "read " + path);
        const auto size = ZSTD_findDecompressedSize(packed.data(), packed.size());
        check(size != ZSTD_CONTENTSIZE_ERROR && size != ZSTD_CONTENTSIZE_UNKNOWN, "not a chunk: " + path);
        lines.resize(size);
        padded(lines);
        const size_t got = ZSTD_decompressDCtx(context, lines.data(), size, packed.data(), packed.size());
        check(!ZSTD_isError(got) && got == size, "zstd " + path);
        return lines;
    }

private:
    string packed, lines;
    ZSTD_DCtx* context = ZSTD_createDCtx();
};

// The chunks of a spool in their order.
inline std::vector<string> chunks(const string& spool) {
    std::vector<string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(spool))
        if (entry.path().extension() == ".zst") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

class ChunkWriter {
public:
    explicit ChunkWriter(string spool) : spool(std::move(spool)) { std::filesystem::create_directories(this->spool); }
    ~ChunkWriter() { ZSTD_freeCCtx(context); }

    // Compresses, writes, makes durable, then names: returns the path.
    string write(const string& lines) {
        packed.resize(ZSTD_compressBound(lines.size()));
        const size_t size = ZSTD_compressCCtx(context, packed.data(), packed.size(), lines.data(), lines.size(), 3);
        check(!ZSTD_isError(size), "zstd");
        char name[32];
        snprintf(name, sizeof name, "%08zu.ndjson.zst", count++);
        const string path = spool + "/" + name, temporary = path + ".tmp";
        const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        check(file >= 0 && ::write(file, packed.data(), size) == ssize_t(size), "write " + temporary);
        check(fsync(file) == 0 && close(file) == 0, "fsync " + temporary);
        check(rename(temporary.c_str(), path.c_str()) == 0, "rename " + temporary);
        return path;
    }

private:
    string spool, packed;
    size_t count = 0;
    ZSTD_CCtx* context = ZSTD_createCCtx();
};

// Rows of one known shape as NDJSON, 50,000 a chunk, as Bobbin cuts them. COLUMNS: name:text,name:integer
class RecordWriter {
public:
    RecordWriter(const string& columns, const string& spool) : writer(spool) {
        for (const string& column : split(columns)) {
            const auto parts = split(column, ':');
            names.push_back(parts[0]);
            heads.push_back((heads.empty() ? "{\"" : ",\"") + parts[0] + "\":");
            numbers.push_back(parts[1] == "integer");
        }
    }

    size_t count() const { return names.size(); }
    bool isNumber(size_t column) const { return numbers[column]; }

    // The columns for a SELECT.
    string list(char quote) const {
        string text;
        for (const string& name : names) text += (text.empty() ? "" : ",") + (quote + name) + quote;
        return text;
    }

    // A value as its text; without one it is null.
    void put(size_t column, const char* text, size_t size) {
        lines += heads[column];
        if (!text)
            lines += "null";
        else if (numbers[column])
            lines.append(text, size);
        else
            quote(text, size);
    }

    void put(size_t column, int64_t number) {
        lines += heads[column];
        lines += std::to_string(number);
    }

    void end() {
        lines += "}\n";
        if (++rows % 50'000 == 0) flush();
    }

    size_t finish() {
        if (!lines.empty()) flush();
        return rows;
    }

private:
    void flush() {
        writer.write(lines);
        lines.clear();
    }

    // None of eight bytes is a control character, a quote or a backslash.
    static bool isPlain(const char* text) {
        constexpr uint64_t ones = 0x0101010101010101, high = ones << 7;
        uint64_t word;
        memcpy(&word, text, 8);
        const auto zero = [](uint64_t bytes) { return (bytes - ones) & ~bytes; };
        return !((zero(word ^ ones * '"') | zero(word ^ ones * '\\') | ((word - ones * 0x20) & ~word)) & high);
    }

    void quote(const char* text, size_t size) {
        lines.push_back('"');
        const char *begin = text, *const end = text + size;
        while (text < end) {
            if (end - text >= 8 && isPlain(text)) {
                text += 8;
                continue;
            }
            const unsigned char byte = *text++;
            if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
            lines.append(begin, text - 1 - begin);
            begin = text;
            switch (byte) {
            case '"': lines += "\\\""; break;
            case '\\': lines += "\\\\"; break;
            case '\n': lines += "\\n"; break;
            case '\t': lines += "\\t"; break;
            case '\r': lines += "\\r"; break;
            default:
                char escape[8];
                snprintf(escape, sizeof escape, "\\u%04x", byte);
                lines += escape;
            }
        }
        lines.append(begin, end - begin);
        lines.push_back('"');
    }

    ChunkWriter writer;
    std::vector<string> names, heads;
    std::vector<bool> numbers;
    string lines;
    size_t rows = 0;
};
