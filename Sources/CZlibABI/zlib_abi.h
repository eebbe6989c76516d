// The part of zlib's stable binary interface (libz.so.1) that inflating needs, declared by hand from the
// interface's published documentation (zlib manual, "Stream Data Structures"), so that building needs no header
// package. The layout is checked at run time: inflateInit2_ refuses a structure of another size.
#pragma once

typedef struct bobbin_z_stream {
    const unsigned char *next_in;   // next input byte
    unsigned int avail_in;          // bytes at next_in
    unsigned long total_in;         // input bytes read so far

    unsigned char *next_out;        // where the next output byte goes
    unsigned int avail_out;         // room at next_out
    unsigned long total_out;        // output bytes written so far

    const char *msg;                // last error, or null
    void *state;                    // the library's own

    void *(*zalloc)(void *opaque, unsigned int items, unsigned int size);  // null: malloc
    void (*zfree)(void *opaque, void *address);                            // null: free
    void *opaque;

    int data_type;
    unsigned long adler;
    unsigned long reserved;
} bobbin_z_stream;
