"""Other tools, where they are installed, with the settings their own documents recommend.

BENCH_PEERS names a Python environment (a directory with bin/python) in which dlt, ingestr and sling are sought;
sqlite3 is sought on the PATH. What they do is less than Bobbin promises: append without a unique key (dlt), a fresh
table without one (sling, ingestr), a file instead of a queue (all but dlt).
"""
import glob
import os
import shutil
import sqlite3
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = ("CREATE TABLE faults(domain TEXT NOT NULL, data_date TEXT NOT NULL, rank INTEGER NOT NULL, fault_type TEXT, "
         "device_id TEXT, fault_detail TEXT)")
KEY = "CREATE UNIQUE INDEX faults_key ON faults(domain, data_date, rank)"


class Peer:
    """A tool: `name`, `stage` (the figure whose floor it is compared with), `why_not` when it is not installed,
    `source` (csv, ndjson or api), `prepare(folder)` and `command(folder, source)`. `slow` ones, at ten times the
    floor and more, run in the first round only."""

    def __init__(self, name, stage, source, program, command, prepare=None, environment=None, why_not=None, slow=True):
        self.name, self.stage, self.source, self.program = name, stage, source, program
        self.command, self.environment = command, environment or {}
        self.prepare = prepare or (lambda folder: None)
        self.slow = slow
        self.why_not = None if program else why_not


def count(folder):
    """Rows in the table `faults` of the database that a peer left, wherever it put it."""
    for path in glob.glob(folder + "/*.db"):
        with sqlite3.connect(path) as database:
            try:
                return database.execute("SELECT count(*) FROM faults").fetchone()[0]
            except sqlite3.OperationalError:
                continue
    return 0


def keyed_table(folder):
    with sqlite3.connect(folder + "/peer.db") as database:
        database.executescript(f"PRAGMA journal_mode=WAL; {TABLE}; {KEY};")
    database.close()


def find_all():
    """Every peer that is known, installed or not."""
    folder = os.environ.get("BENCH_PEERS", "")
    why = f"is not in {folder}" if folder else "is sought in the environment that BENCH_PEERS names"

    def program(*patterns):
        found = [path for pattern in patterns for path in glob.glob(os.path.join(folder, pattern))] if folder else []
        return next((path for path in found if os.access(path, os.X_OK)), None)

    python = program("bin/python")
    if python and subprocess.run([python, "-c", "import dlt, sqlalchemy"], capture_output=True).returncode:
        python = None
    ingestr = program("bin/ingestr")
    sling = program("lib/*/site-packages/sling_linux_*/bin/sling*", "bin/sling-linux*") or shutil.which("sling")
    sqlite = shutil.which("sqlite3")
    columns = '{"domain":"string","data_date":"string","rank":"bigint","fault_type":"string",' \
        '"device_id":"string","fault_detail":"string"}'
    return [
        Peer("dlt rest_api, append, no key", "end to end", "api", python,
             lambda folder, api: [python, HERE + "/dlt_rest.py", *api, folder], why_not=why),
        Peer("sqlite3 .import CSV, unique key", "load", "csv", sqlite,
             lambda folder, path: [sqlite, folder + "/peer.db", "-cmd", ".mode csv", f".import --skip 1 {path} faults"],
             prepare=keyed_table, why_not="is not on the PATH", slow=False),
        Peer("sling NDJSON, full-refresh, no key", "load", "ndjson", sling,
             lambda folder, path: [
                 sling, "run", "--src-stream", "file://" + path, "--src-options",
                 '{"format":"jsonlines","flatten":true}', "--tgt-conn", f"sqlite://{folder}/peer.db", "--tgt-object",
                 "main.faults", "--columns", columns, "--mode", "full-refresh"],
             environment={"SLING_DISABLE_TELEMETRY": "true", "SLING_LOGGING": "NO_COLOR"}, why_not=why),
        Peer("ingestr CSV, replace, no key", "load", "csv", ingestr,
             lambda folder, path: [
                 ingestr, "ingest", "--yes", "--progress", "log", "--source-uri", "csv://" + path, "--source-table",
                 "faults", "--dest-uri", f"sqlite:///{folder}/peer.db", "--dest-table", "main.faults"],
             environment={"TELEMETRY_OPTOUT": "true", "INGESTR_DISABLE_TELEMETRY": "true"}, why_not=why),
    ]
