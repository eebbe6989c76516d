"""Databases of the bench's own, made below a folder and gone afterwards: servers on a free port of the loopback, and files."""
import contextlib
import csv
import glob
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import measure


class Missing(Exception):
    """A program that this needs is not there, or does not start."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name, package, *places):
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *places]))
    if not found:
        raise Missing(f"no {name}: install {package}")
    return found


class Engine:
    """`query` runs SQL and returns the first row of the last statement, its values between bars. `holds` names the
    load whose rows are in it, if a case has left them for the next one."""

    holds = None
    quotes = '"'

    def name(self, column):
        return self.quotes + column + self.quotes

    def clear(self, *tables):
        """Nothing is left of these tables."""
        self.holds = None
        self.query(*(f"DROP TABLE IF EXISTS {table}" for table in tables))

    def place_of(self, table):
        """What stands in a query for a table that Bobbin has filled."""
        return table

    def quiet(self):
        """Waits until nothing is left to do of what came before."""

    def stop(self):
        pass


class Database(Engine):
    """A running server. `cpu` is all that its processes have used."""

    process = None

    def begin(self, folder, command):
        with open(folder + "/server.log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        for _ in range(600):
            try:
                self.query("SELECT 1")
                return
            except subprocess.CalledProcessError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        self.stop()
        with open(folder + "/server.log", encoding="utf-8", errors="replace") as log:
            raise Missing(f"{command[0]} does not start: {log.read()[-400:]}")

    def cpu(self):
        return measure.cpu_of_family(self.process.pid)

    def settle(self):
        """Waits until the server has nothing left to do of what came before, for 20 s at most."""
        quiet, before = 0, self.cpu()
        for _ in range(100):
            time.sleep(0.2)
            now = self.cpu()
            quiet = quiet + 1 if now - before < 0.015 else 0
            if quiet == 3:
                return
            before = now

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT if self.kind == "postgres" else signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def run(self, command):
        result = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return result.stdout.split("\n", 1)[0].replace("\t", "|")

    def fill(self, table, path):
        """The rows of a CSV file into a table."""
        self.query(self.copy(table, path))


class Postgres(Database):
    kind, title = "postgres", "PostgreSQL"

    def __init__(self, folder):
        places = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), reverse=True)
        self.psql = program("psql", "postgresql-client")
        initdb = program("initdb", "postgresql", *places)
        server = os.path.join(os.path.dirname(os.path.realpath(initdb)), "postgres")
        self.port = free_port()
        user = []
        os.makedirs(folder)
        if os.geteuid() == 0:
            # PostgreSQL refuses root.
            user = [program("setpriv", "util-linux"), "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
            shutil.chown(folder, "postgres", "postgres")
        made = subprocess.run([*user, initdb, "-D", folder + "/data", "-A", "trust", "-E", "UTF8", "--locale=C", "-U", "bench"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/")
        if made.returncode:
            raise Missing(f"initdb fails: {made.stderr.strip()[-400:]}")
        settings = {"listen_addresses": "127.0.0.1", "shared_buffers": "512MB", "max_wal_size": "8GB",
                    "checkpoint_timeout": "15min", "autovacuum": "off"}
        self.begin(folder, [*user, server, "-D", folder + "/data", "-p", str(self.port), "-k", folder,
                            *[word for key, value in settings.items() for word in ("-c", f"{key}={value}")]])

    def client(self, *words):
        """A command that runs the statements; `\\copy` is one."""
        return [self.psql, "-XqAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", "postgres", "-v",
                "ON_ERROR_STOP=1", *[part for word in words for part in ("-c", word)]]

    def query(self, *sql):
        return self.run(self.client(*sql))

    @property
    def place(self):
        return f"host=127.0.0.1 port={self.port} user=bench dbname=postgres"

    def connection(self):
        return {"type": "postgres", "host": "127.0.0.1", "port": self.port, "user": "bench", "database": "postgres",
                "schema": "public"}

    def quiet(self):
        self.query("CHECKPOINT")
        self.settle()

    def version(self):
        return "PostgreSQL " + self.query("SHOW server_version")

    def copy(self, table, path):
        return f"\\copy {table} from '{path}' csv"


class MariaDB(Database):
    kind, title, quotes = "mariadb", "MariaDB", "`"

    def __init__(self, folder):
        self.mariadb = program("mariadb", "mariadb-client")
        server = program("mariadbd", "mariadb-server")
        install = program("mariadb-install-db", "mariadb-server")
        user = "--user=" + subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        os.makedirs(folder + "/tmp")
        common = ["--no-defaults", user, f"--datadir={folder}/data", f"--tmpdir={folder}/tmp", "--skip-name-resolve"]
        made = subprocess.run([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if made.returncode:
            raise Missing(f"mariadb-install-db fails: {(made.stdout + made.stderr).strip()[-400:]}")
        self.port, self.socket = free_port(), os.path.join("/tmp", f"bench-{os.getpid()}.sock")
        self.begin(folder, [server, *common, f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.socket}",
                            f"--pid-file={folder}/pid", "--local-infile=1", "--character-set-server=utf8mb4",
                            "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=1G", "--skip-log-bin"])
        self.run([*self.client("CREATE DATABASE bench CHARACTER SET utf8mb4", database="")])

    def client(self, *words, database="bench"):
        return [self.mariadb, "--no-defaults", "--protocol=tcp", "-h127.0.0.1", f"-P{self.port}", "-uroot", "-N", "-B",
                "--local-infile=1", "--default-character-set=utf8mb4", "-e", "; ".join(words), *[database] * bool(database)]

    def query(self, *sql):
        return self.run(self.client(*sql, database="" if sql == ("SELECT 1",) else "bench"))

    def connection(self):
        return {"type": "mysql", "host": "127.0.0.1", "port": self.port, "user": "root", "database": "bench"}

    def quiet(self):
        # Else pages of the last run are written and old versions purged during the next.
        self.query("SET GLOBAL innodb_max_dirty_pages_pct_lwm = 0, innodb_max_dirty_pages_pct = 0")
        for _ in range(300):
            if int(self.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").split("|")[1]) < 100:
                break
            time.sleep(0.1)
        self.query("SET GLOBAL innodb_max_dirty_pages_pct = 90, innodb_max_dirty_pages_pct_lwm = 0")
        self.settle()

    def version(self):
        return "MariaDB " + self.query("SELECT version()")

    def copy(self, table, path, how=""):
        return (f"LOAD DATA LOCAL INFILE '{path}' {how} INTO TABLE {table} CHARACTER SET utf8mb4 "
                "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY ''")


class SQLite(Engine):
    """A file; nothing runs."""

    kind, title, process = "sqlite", "SQLite", None

    def __init__(self, folder):
        os.makedirs(folder)
        self.path = folder + "/bench.db"

    def connection(self):
        return {"type": self.kind, "path": self.path}

    def clear(self, *_):
        self.holds = None
        for path in glob.glob(self.path + "*"):
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def query(self, *sql):
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            rows = [database.execute(statement).fetchone() for statement in sql]
        return "|".join(map(str, rows[-1] or ()))

    def fill(self, table, path):
        with contextlib.closing(sqlite3.connect(self.path)) as database, database, \
                open(path, encoding="utf-8", newline="") as file:
            database.execute("PRAGMA journal_mode = WAL")
            width = len(database.execute(f"SELECT * FROM {table}").description)
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", csv.reader(file))


class DuckDB(SQLite):
    kind, title = "duckdb", "DuckDB"
    library = ""

    def __init__(self, folder):
        if not self.library:
            raise Missing("no library: see scripts/duckdb-library.sh")
        super().__init__(folder)

    def connection(self):
        return {**super().connection(), "library": self.library}

    def client(self, *words, path=None):
        """A command that runs the statements within the memory that Bobbin gives to DuckDB."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "duckdb_sql.py")
        return [sys.executable, "-I", "-S", script, self.library, path or self.path, "SET memory_limit = '2GB'", *words]

    def query(self, *sql):
        result = subprocess.run(self.client(*sql), check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return result.stdout.rstrip("\n")

    def fill(self, table, path):
        self.query(f"INSERT INTO {table} SELECT * FROM read_csv('{path}', header = false, all_varchar = true, "
                   "delim = ',', quote = '\"', escape = '\"')")


class Parquet(DuckDB):
    """A directory of files, read by DuckDB."""

    kind, title = "parquet", "Parquet"

    def client(self, *words, path=None):
        return super().client(*words, path=path or ":memory:")

    def clear(self, *tables):
        super().clear(*tables)
        os.makedirs(self.path)

    def place_of(self, table):
        return f"read_parquet('{self.path}/{table}.parquet')"
