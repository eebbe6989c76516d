"""Runs one process to its end and says what it used."""
import dataclasses
import os
import signal
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")


@dataclasses.dataclass
class Usage:
    """Seconds and bytes of one process and the children it waited for: `peak` is the largest resident size of any one
    of them, `server` the CPU of the process that answered it meanwhile."""

    wall: float
    user: float
    system: float
    server: float
    peak: int

    @property
    def cpu(self):
        return self.user + self.system


class Failed(Exception):
    pass


def cpu_of_family(pid):
    """User and system seconds of a living process and of the processes it has started, also of those that have ended."""
    total = 0.0
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(name) == pid or int(fields[1]) == pid:
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def measure(command, log, folder, environment=None, server=None, limit=900):
    """The usage of `command`, which begins when everything written before is on the disk.

    server: says how much CPU a server has used that is counted beside it. limit: seconds after which it counts as hung.
    """
    result = log + ".usage"
    with open(log, "ab") as output:
        output.write(("$ " + " ".join(command) + "\n").encode())
        output.flush()
        os.sync()
        before = server() if server else 0.0
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", LAUNCH, result, *command], stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, cwd=folder, env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            process.wait(limit)
        except BaseException as error:
            # Its session is its own: this ends the command and nothing else.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"did not end within {limit} s; see {log}") from None
            raise
        if server:
            # What the server does at the end of a connection belongs to it.
            time.sleep(0.1)
        after = server() if server else 0.0
    with open(result, encoding="ascii") as file:
        wall, user, system, peak, code = file.read().split()
    os.remove(result)
    if code != "0":
        with open(log, "rb") as file:
            tail = file.read()[-1500:].decode(errors="replace")
        raise Failed(f"ended with {code} after {float(wall):.1f} s; {log} ends with:\n{tail}")
    return Usage(float(wall), float(user), float(system), after - before, int(peak) * 1024)
