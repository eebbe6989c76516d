"""What is measured of servers: one spool into a table with the unique key in place, beside the floors and the server's own client."""
import csv
import os
import shutil
import subprocess
import sys

import databases
from cases import DATE, Wrong
from duckdb_cases import Chunks
from figures import KEY, NAMES, Figures
from source_cases import Sources
from staged_cases import Staged

MODES = ("append", "replace-partition", "merge", "insert-only")


class Servers(Figures):
    """Adds the figures of one server to a bench: `quoted` is the key as SQL."""

    def __init__(self, bench, server, floor):
        super().__init__(bench, server)
        self.server, self.floor = server, floor
        self.files = csv_files(bench)
        if bench.server.is_mock:
            # It generates ranks of its own.
            self.total = None
        self.section = "spool to " + server.title
        self.known = f"{self.section}, every key known"

    # Preparation and check

    def table(self):
        """The floors' table, empty, with its unique key."""
        self.clear()
        self.server.query(*self.create("faults"))

    def empty(self):
        self.table()
        self.server.quiet()

    def filled(self):
        self.table()
        self.server.fill("faults", self.files[0])
        self.server.quiet()

    def spool(self, options, name, mode):
        self.copy_spool(name, options, f"spool-{mode}")

    def loading(self, options, name, mode, is_known):
        def prepare():
            self.table()
            self.spool(options, name, mode)
            if is_known:
                self.run("load", *options)
                self.forget()
                self.spool(options, name, mode)
            self.server.quiet()
        return prepare

    # Figures

    def own(self, section, name, *statements, prepare=None, floor=None, goal=None):
        """A figure of the server's own client."""
        self.add(section, name, self.server.client(*statements), self.has("faults"), prepare or self.empty, floor, None, goal)

    def least(self, section, name, how, prepare=None):
        """A figure of the C++ floor."""
        if not self.floor:
            return
        spool = self.bench.data + "/faults-spool"
        if not os.path.exists(spool):
            shutil.rmtree(spool + ".part", ignore_errors=True)
            subprocess.run([self.bench.floor, "extract", self.bench.server.base, DATE, ",".join(self.bench.all),
                            spool + ".part"], check=True)
            os.rename(spool + ".part", spool)
        place = [self.server.place] if self.server.kind == "postgres" else [str(self.server.port), "bench"]
        self.add(section, name, [self.floor, self.server.kind, spool, *place, "faults", ",".join(NAMES), ",".join(KEY), how],
                 self.has("faults"), prepare or self.empty)

    def bobbin(self, section, mode, floor, beside, is_known=False, workers=1, goal=None):
        if not self.bench.bobbin:
            return
        name = f"{self.server.kind}-{mode}{'-known' * is_known}{'-two' * (workers > 1)}"
        options = self.bench.fault_options(name, self.bench.all, [DATE], mode, self.server.connection())
        goal = {"wall": 1.15, "beside": 1.15, "client": 0.8, "megabytes": 120} if goal is None else goal
        title = f"bobbin load, {mode}{', every key known' * is_known}{', two loaders' * (workers > 1)}"
        self.add(section, title, [self.bench.bobbin, "load", *options, *["--workers", str(workers)] * (workers > 1)],
                 self.has("fault_record"), self.loading(options, name, mode, is_known), floor, beside, goal)

    def pair(self, title, one, *commands):
        """Two clients of the server beside each other, beside one: what its cores allow."""
        script = " & ".join(" ".join(quote(word) for word in command) for command in commands)
        # Each is waited for by its own number, so that neither's failure is lost.
        line = f"{script} & second=$!; first=$(jobs -p | head -1); wait $first && wait $second"
        self.add(f"{self.section}, two at once", title, ["/bin/bash", "-c", line], self.has("faults"), self.empty, one)

    def postgres(self):
        copy, stage, temporary = "floor: COPY a chunk", "floor: stage and upsert a chunk", "psql, \\copy and one upsert"
        self.least(self.section, copy, "copy")
        self.own(self.section, "psql \\copy", self.server.copy("faults", self.files[0]))
        for mode in MODES[:3]:
            self.bobbin(self.section, mode, copy if self.floor else None, "psql \\copy")
        others = ", ".join(f"{n} = excluded.{n}" for n in NAMES[3:])
        make, fill = "CREATE TEMPORARY TABLE s(LIKE faults)", self.server.copy("s", self.files[0])
        for name, action in ((temporary, f"UPDATE SET {others}"), ("psql, \\copy and one insert", "NOTHING")):
            self.own(self.known, name, make, fill, f"INSERT INTO faults SELECT * FROM s ON CONFLICT({self.quoted}) DO {action}",
                     prepare=self.filled)
        self.least(self.known, stage, "stage", self.filled)
        self.bobbin(self.known, "merge", stage if self.floor else None, temporary, True)
        self.bobbin(self.known, "insert-only", None, "psql, \\copy and one insert", True)
        self.bobbin(self.known, "replace-partition", None, None, True, goal={})
        self.pair("two psql \\copy", "psql \\copy", *(self.server.client(self.server.copy("faults", f)) for f in self.files[1:]))
        self.two()

    def mariadb(self):
        load, replace = "floor: LOAD DATA a chunk", "floor: REPLACE a chunk"
        one, known = "mariadb, LOAD DATA", ", keys known"
        self.least(self.section, load, "load")
        self.least(self.section, replace, "replace")
        self.own(self.section, one, self.server.copy("faults", self.files[0]))
        for mode in MODES[:3]:
            self.bobbin(self.section, mode, load if self.floor else None, one)
        self.own(self.known, one + " REPLACE", self.server.copy("faults", self.files[0], "REPLACE"), prepare=self.filled)
        self.own(self.known, one + " IGNORE", self.server.copy("faults", self.files[0], "IGNORE"), prepare=self.filled)
        self.least(self.known, replace + known, "replace", self.filled)
        self.bobbin(self.known, "merge", replace + known if self.floor else None, one + " REPLACE", True)
        self.bobbin(self.known, "insert-only", None, one + " IGNORE", True)
        self.bobbin(self.known, "replace-partition", None, None, True, goal={})
        self.pair("two mariadb, LOAD DATA", one, *(self.server.client(self.server.copy("faults", f)) for f in self.files[1:]))
        self.two()

    def two(self):
        for mode in MODES[:2]:
            # 1.6 times as fast.
            self.bobbin(f"{self.section}, two at once", mode, f"bobbin load, {mode}", None, workers=2, goal={"wall": 1 / 1.6})

    def large(self):
        """Ten times the rows, for flat memory."""
        if not self.bench.bobbin:
            return
        dates, name = self.bench.dates, f"{self.server.kind}-large"
        rows, total = self.rows * len(dates), self.total and self.total * len(dates)
        options = self.bench.fault_options(name, self.bench.all, dates, "append", self.server.connection())

        def prepare():
            self.table()
            self.bench.fresh(name)()
            self.run("extract", *options)
            self.server.quiet()
        self.add("memory", f"bobbin load, {rows:,} rows", [self.bench.bobbin, "load", *options],
                 self.has("fault_record", rows, total), prepare, None, None, {"megabytes": 120}, rows=rows, once=True,
                 flat=self.title("bobbin load, append"))


def quote(word):
    return "'" + word.replace("'", "'\\''") + "'"


def csv_files(bench):
    """All records of the first date as CSV, and each half of them; made once."""
    whole, halves = bench.data + "/faults-whole.csv", [f"{bench.data}/faults-half-{half}.csv" for half in (1, 2)]
    if os.path.exists(whole):
        return [whole, *halves]
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "generate.py")
    subprocess.run([sys.executable, script, "csv", bench.data + "/www", whole + ".all"], check=True)
    with open(whole + ".all", encoding="utf-8", newline="") as source, \
            open(whole + ".part", "w", encoding="utf-8", newline="") as all_rows, \
            open(halves[0], "w", encoding="utf-8", newline="") as first, \
            open(halves[1], "w", encoding="utf-8", newline="") as second:
        writers = [csv.writer(file, lineterminator="\n") for file in (all_rows, first, second)]
        middle = bench.all[len(bench.all) // 2]
        for row in csv.reader(source):
            if row[0] in bench.totals and row[0] != "domain-small":
                writers[0].writerow(row)
                writers[1 + (row[0] >= middle)].writerow(row)
    os.remove(whole + ".all")
    os.rename(whole + ".part", whole)
    return [whole, *halves]


def sections(kind, large):
    """Texts that an expression must be found in for an engine to be needed."""
    return [f"spool to {kind.title}", f"{kind.title} to spool", f"staged modes, {kind.title}", *["memory"] * large]


def add(bench, folder, floor, library, large, wanted):
    """Starts the servers that are wanted and adds the figures of all engines; what is missing is said in `bench.skipped`."""
    started = []
    databases.DuckDB.library = library
    for kind in (databases.Postgres, databases.MariaDB, databases.SQLite, databases.DuckDB, databases.Parquet):
        # A server takes a while to make: only when the expression asks for its sections or names it.
        if not any(map(wanted.search, sections(kind, large))) and kind.title.lower() not in wanted.pattern.lower():
            continue
        try:
            engine = kind(os.path.join(folder, kind.kind))
        except databases.Missing as missing:
            bench.skipped.append(f"{kind.title}: {missing}")
            continue
        if kind is databases.Parquet:
            Chunks(bench, engine).parquet()
            continue
        started.append(engine)
        if engine.process:
            figures = Servers(bench, engine, floor)
            if not floor:
                bench.skipped.append(f"floors of {kind.title}: they do not compile")
            getattr(figures, kind.kind)()
            if large:
                figures.large()
        elif kind is databases.DuckDB:
            Chunks(bench, engine).duckdb()
        # What is read lies in a file of its own, so that it stays when those of the targets go.
        sources = Sources(bench, engine if engine.process else kind(os.path.join(folder, kind.kind + "-source")), floor)
        sources.figures(csv_files(bench)[0])
        if large:
            sources.large()
        if bench.bobbin:
            Staged(bench, engine).figures()
    return started
