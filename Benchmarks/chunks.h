// What the floors share: chunks of a spool, read and decompressed, and the few helpers around simdjson.
#pragma once
#include <simdjson.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
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
        const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
        check(size != ZSTD_CONTENTSIZE_ERROR && size != ZSTD_CONTENTSIZE_UNKNOWN, "not a chunk of the floor: " + path);
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
