#pragma once
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

// prctl is variadic, which Swift cannot call.
static inline int upstream_signal_on_parent_death(int signal_number) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal_number, 0UL, 0UL, 0UL);
}

// Pages of a megabyte come and go: keeping their memory saves mapping and zeroing it for every request. A macro-only
// interface of glibc, absent elsewhere.
static inline void upstream_keep_freed_memory(void) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}
