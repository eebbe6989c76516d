"""What is measured of servers: one spool into a table with the unique key in place, beside the floors and the server's own client."""
import csv
import os
import shutil
import subprocess
import sys

import databases

NAMES = ["domain", "data_date", "rank", "fault_type", "device_id", "fault_detail"]
KEY = NAMES[:3]
BOOKS = ("_bobbin_head", "_bobbin_ledger", "_bobbin_tables")
MODES = ("append", "replace-partition", "merge", "insert-only")


class Servers:
    """Adds the figures of one server to a bench: `quoted` is the key as SQL."""

    def __init__(self, bench, server, wrong, date, floor):
        self.bench, self.server, self.Wrong, self.date, self.floor = bench, server, wrong, date, floor
        self.rows = sum(bench.totals[d][0] for d in bench.all)
        self.quoted = ",".join(self.name(n) for n in KEY)
        self.files = csv_files(bench)
        self.section = "spool to " + server.title
        self.known = f"{self.section}, every key known"
        self.goals = self.rows >= 1_000_000

    def name(self, column):
        return f"`{column}`" if self.server.kind == "mariadb" else f'"{column}"'

    # Preparation and check

    def table(self):
        """The floors' table, empty, with its unique key."""
        text, key = ("text", "text") if self.server.kind == "postgres" else ("text", "varchar(64)")
        types = [key, key, "bigint", key, key, text]
        columns = ", ".join(f"{self.name(n)} {t}{' NOT NULL' * (n in KEY)}" for n, t in zip(NAMES, types))
        self.server.query(
            "DROP TABLE IF EXISTS faults", *(f"DROP TABLE IF EXISTS {name}" for name in ("fault_record", *BOOKS)),
            f"CREATE TABLE faults({columns})", f"CREATE UNIQUE INDEX faults_key ON faults({self.quoted})")

    def empty(self):
        self.table()
        self.server.quiet()

    def filled(self):
        self.table()
        self.server.query(self.server.copy("faults", self.files[0]))
        self.server.quiet()

    def spool(self, options, name, mode):
        """The spool as an extraction leaves it: made once for each mode, then copied."""
        made = self.bench.folder(f"spool-{mode}")
        if not os.path.exists(made):
            with open(self.bench.folder("prepare.log"), "ab") as log:
                subprocess.run([self.bench.bobbin, "extract", *options[:2], "--spool", made + ".part"], check=True,
                               stdout=log, stderr=log)
            os.rename(made + ".part", made)
        shutil.rmtree(self.bench.folder(name), ignore_errors=True)
        os.makedirs(self.bench.folder(name))
        subprocess.run(["cp", "-a", made, self.bench.folder(name) + "/spool"], check=True)

    def loading(self, options, name, mode, is_known):
        def prepare():
            self.table()
            self.spool(options, name, mode)
            if is_known:
                with open(self.bench.folder("prepare.log"), "ab") as log:
                    subprocess.run([self.bench.bobbin, "load", *options], check=True, stdout=log, stderr=log)
                # Without its memory the target takes the same chunks for new ones.
                self.server.query("DELETE FROM _bobbin_head", "DELETE FROM _bobbin_ledger")
                self.spool(options, name, mode)
            self.server.quiet()
        return prepare

    def has(self, table, rows=None):
        def check(_):
            found = self.server.query(f"SELECT count(*), sum({self.name('rank')}) FROM {table}").replace("\t", "|")
            count, total = found.split("|")
            wanted = (rows or self.rows, self.bench.rank_sum(self.bench.all, [self.date]))
            if int(count) != wanted[0] or not self.bench.server.is_mock and int(total) != wanted[1]:
                raise self.Wrong(f"{table}: rows and sum of ranks are {found}, not {wanted}")
        return check

    # Figures

    def add(self, section, name, command, check, prepare, floor=None, beside=None, goal=None):
        self.bench.add(section, f"{self.server.title}: {name}", command, self.rows, check, prepare,
                       floor and f"{self.server.title}: {floor}", (goal or {}) if self.goals else {}, self.server,
                       beside=beside and f"{self.server.title}: {beside}")

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
            subprocess.run([self.bench.floor, "extract", self.bench.server.base, self.date, ",".join(self.bench.all),
                            spool + ".part"], check=True)
            os.rename(spool + ".part", spool)
        place = [self.server.place] if self.server.kind == "postgres" else [str(self.server.port), "bench"]
        self.add(section, name, [self.floor, self.server.kind, spool, *place, "faults", ",".join(NAMES), ",".join(KEY), how],
                 self.has("faults"), prepare or self.empty)

    def bobbin(self, section, mode, floor, beside, is_known=False, workers=1, goal=None):
        if not self.bench.bobbin:
            return
        name = f"{self.server.kind}-{mode}{'-known' * is_known}{'-two' * (workers > 1)}"
        options = self.bench.fault_options(name, self.bench.all, [self.date], mode, self.server.connection())
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
        rows = sum(self.bench.totals[d][0] for d in self.bench.all) * len(self.bench.dates)
        name = f"{self.server.kind}-large"
        options = self.bench.fault_options(name, self.bench.all, self.bench.dates, "append", self.server.connection())
        total = self.bench.rank_sum(self.bench.all, self.bench.dates)

        def check(_):
            found = self.server.query(f"SELECT count(*), sum({self.name('rank')}) FROM fault_record").replace("\t", "|")
            if found != f"{rows}|{total}" and not self.bench.server.is_mock:
                raise self.Wrong(f"fault_record: {found}, not {rows}|{total}")

        def prepare():
            self.table()
            shutil.rmtree(self.bench.folder(name), ignore_errors=True)
            with open(self.bench.folder("prepare.log"), "ab") as log:
                subprocess.run([self.bench.bobbin, "extract", *options], check=True, stdout=log, stderr=log)
            self.server.quiet()
        self.bench.add("memory", f"{self.server.title}: bobbin load, {rows:,} rows", [self.bench.bobbin, "load", *options],
                       rows, check, prepare, None, {"megabytes": 120}, self.server, once=True)


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


def add(bench, folder, wrong, date, floor, large, wanted):
    """Starts the servers that are wanted and adds their figures; what is missing is said in `bench.skipped`."""
    started = []
    for kind in (databases.Postgres, databases.MariaDB):
        # A server takes a while to make: only when the expression asks for its sections or names it.
        if not wanted.search("spool to " + kind.title) and kind.title.lower() not in wanted.pattern.lower():
            continue
        try:
            server = kind(os.path.join(folder, kind.kind))
        except databases.Missing as missing:
            bench.skipped.append(f"{kind.title}: {missing}")
            continue
        started.append(server)
        figures = Servers(bench, server, wrong, date, floor)
        if not floor:
            bench.skipped.append(f"floors of {kind.title}: they do not compile")
        getattr(figures, kind.kind)()
        if large:
            figures.large()
    return started
