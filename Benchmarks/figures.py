"""What the figures of one engine share: its tables, their check, and the spools of the fault records as one run."""
import json
import os
import shutil
import subprocess

from cases import DATE, Wrong

NAMES = ["domain", "data_date", "rank", "fault_type", "device_id", "fault_detail"]
KEY = NAMES[:3]
BOOKS = ("_bobbin_head", "_bobbin_ledger", "_bobbin_tables")
SOURCE = "fault_source"
MARK = "LINK_DOWN"


class Figures:
    """Adds figures of one engine to a bench; each is called `<engine>: <name>`."""

    def __init__(self, bench, engine):
        self.bench, self.engine = bench, engine
        self.rows = sum(bench.totals[d][0] for d in bench.all)
        self.total = bench.rank_sum(bench.all, [DATE])
        self.quoted = ",".join(engine.name(n) for n in KEY)
        self.goals = self.rows >= 1_000_000

    def title(self, name):
        return name and f"{self.engine.title}: {name}"

    def add(self, section, name, command, check, prepare, floor=None, beside=None, goal=None, rows=None, **options):
        self.bench.add(section, self.title(name), command, rows or self.rows, check, prepare, self.title(floor),
                       goal if goal and (self.goals or options.get("flat")) else {}, self.engine.process and self.engine,
                       beside=self.title(beside), **options)

    def run(self, *command):
        with open(self.bench.folder("prepare.log"), "ab") as log:
            subprocess.run([self.bench.bobbin, *command], check=True, stdout=log, stderr=log)

    def copy_spool(self, name, options, variant):
        """The spool as an extraction leaves it: made once for each variant, then copied."""
        made = self.bench.folder(variant)
        if not os.path.exists(made):
            self.run("extract", *options[:2], "--spool", made + ".part")
            os.rename(made + ".part", made)
        shutil.rmtree(self.bench.folder(name), ignore_errors=True)
        os.makedirs(self.bench.folder(name))
        subprocess.run(["cp", "-a", made, self.bench.folder(name) + "/spool"], check=True)

    # Tables

    def create(self, table, key="UNIQUE"):
        """The statements for a table of the records: with a unique index, with a primary key, or with neither."""
        word = "varchar(64)" if self.engine.kind == "mariadb" else "text"
        types = [word, word, "bigint", word, word, "text"]
        columns = ", ".join(f"{self.engine.name(n)} {t}{' NOT NULL' * (n in KEY)}" for n, t in zip(NAMES, types))
        primary = f", PRIMARY KEY ({self.quoted})" * (key == "PRIMARY")
        return [f"CREATE TABLE {table}({columns}{primary})"] + [
            f"CREATE UNIQUE INDEX {table}_key ON {table}({self.quoted})"] * (key == "UNIQUE")

    def clear(self):
        self.engine.clear("faults", "fault_record", SOURCE, *BOOKS)

    def forget(self):
        """Without its memory the target takes the same chunks for new ones."""
        self.engine.query("DELETE FROM _bobbin_head", "DELETE FROM _bobbin_ledger")

    def has(self, table, rows=None, total=None):
        """A check of the rows and the sum of ranks."""
        def check(_):
            found = self.engine.query(f"SELECT count(*), sum({self.engine.name('rank')}) FROM {self.engine.place_of(table)}")
            count, _, ranks = found.partition("|")
            wanted = rows or self.rows, total or self.total
            if int(count) != wanted[0] or wanted[1] is not None and int(ranks) != wanted[1]:
                raise Wrong(f"{table}: rows and sum of ranks are {found}, not {wanted}")
        return check

    def has_spool(self, folder, rows, total):
        """A check of the chunks below a folder."""
        if not self.bench.floor:
            return self.bench.has_chunks(folder + "/**/*.zst", 1)

        def check(_):
            found = subprocess.run([self.bench.floor, "sum", folder, "rank"], check=True, capture_output=True, text=True)
            if found.stdout.strip() != f"{rows}|{total}":
                raise Wrong(f"{folder}: rows and sum of ranks are {found.stdout.strip()}, not {rows}|{total}")
        return check

    # Spools of one run

    def options(self, name, mode, key=True, **more):
        """The arguments for a job that loads the records, all of them as one run of a file."""
        return self.bench.configure(
            name, {"type": "files", "path": self.bench.data},
            {"source": {"connection": "source", "path": "faults.ndjson"}, "table": "fault_record", "mode": mode,
             **({"primary_key": KEY} if key else {}), **more},
            self.engine.connection())

    def spool(self, name, options, variant):
        self.bench.records("ndjson")
        self.copy_spool(name, options, "one-run-" + variant)

    def load(self, section, mode, title=None, variant=None, key=True, again=False, marked=False, floor=None, goal=None, **more):
        """A figure of a load of one run. `again`: of the same rows, which the table has already."""
        if not self.bench.bobbin:
            return
        variant = variant or mode
        name = f"{self.engine.kind}-one-run-{variant}"
        options = self.options(name, mode, key, **more)

        def prepare():
            if not again or self.engine.holds != name:
                self.clear()
                self.spool(name, options, variant)
                if again:
                    self.run("load", *options)
            if again:
                self.forget()
                self.spool(name, options, variant)
                self.engine.holds = None
            self.engine.quiet()

        def check(usage):
            rows, total = self.unmarked() if marked else (self.rows, self.total)
            self.has("fault_record", rows, total)(usage)
            self.engine.holds = None if again else name
        self.add(section, title or f"bobbin load, {mode}{', every key known' * again}", [self.bench.bobbin, "load", *options],
                 check, prepare, floor, None, goal)

    def unmarked(self):
        """Rows and sum of ranks without those that `MARK` marks as deleted."""
        rows, total, mark = self.rows, self.total, f'"fault_type":"{MARK}"'
        with open(self.bench.records("ndjson"), encoding="utf-8") as file:
            for line in file:
                if mark in line:
                    rows, total = rows - 1, total - json.loads(line)["rank"]
        return rows, total
