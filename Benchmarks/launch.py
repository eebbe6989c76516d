"""launch.py RESULT COMMAND...: runs the command and writes its wall, user and system seconds, peak KB and exit code.

A program of its own, and a small one: the kernel hands the peak memory of whoever starts a process down to it, so what
is below this interpreter's own size (about 10 MB) cannot be told.
"""
import os
import sys
import time

start = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
wall = time.monotonic() - start
with open(sys.argv[1], "w", encoding="ascii") as file:
    print(wall, used.ru_utime, used.ru_stime, used.ru_maxrss, os.waitstatus_to_exitcode(status), file=file)
