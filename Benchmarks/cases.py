"""What is measured: the floors, Bobbin and the peers, each as a command with its preparation and its check."""
import dataclasses
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys

import peers

DATE = "2026-11-20"
COLUMNS = "domain:text,data_date:text,rank:integer,fault_type:text,device_id:text,fault_detail:text"
EVENTS = "tenant_id:text,event_id:text,event_type:text,event_ts:text,source:text,payload:json"


@dataclasses.dataclass
class Case:
    """One figure. `floor` names the case that its ratios are taken to, `goal` what those are to be at most:
    `wall` and `cpu` ratios, `seconds`, `client` (CPU seconds of our side), `megabytes`, or `each` (milliseconds a row);
    `beside` is another case to compare with, `flat` one of fewer rows whose memory is compared. `served` says whether the API's CPU is noted, or names the database. `check` takes the usage of a run,
    raises `Wrong`, and may return a note for the table."""

    section: str
    name: str
    command: list
    rows: int
    check: object
    prepare: object = lambda: None
    floor: str = None
    goal: dict = dataclasses.field(default_factory=dict)
    served: object = False
    environment: dict = None
    once: bool = False
    beside: str = None
    flat: str = None
    note: str = ""
    runs: list = dataclasses.field(default_factory=list)


class Wrong(Exception):
    """A run ended well but its result is not what it must be."""


class Bench:
    """All cases of one invocation, in the order of work. Folders lie below `work`, made anew for each run."""

    def __init__(self, work, data, server, bobbin, floor, nosync, rows, large):
        self.work, self.data, self.server = work, data, server
        self.bobbin, self.floor, self.nosync, self.rows = bobbin, floor, nosync, rows
        with open(data + "/www/totals.json", encoding="utf-8") as file:
            totals = json.load(file)
        self.dates, self.totals = totals["dates"], totals["domains"]
        self.all = sorted(set(self.totals) - {"domain-small"})
        self.cases, self.skipped = [], []
        if not floor:
            self.skipped.append("floors: no C++ compiler, or no simdjson")
        if not bobbin:
            self.skipped.append("Bobbin: no release build (make release, or BOBBIN=path)")
        self.faults("API to spool", "spool to SQLite", "API to SQLite, end to end", self.all, [DATE])
        self.add_peers()
        self.small()
        self.random_keys()
        self.memory(large)
        self.claims()

    def add(self, *arguments, **options):
        self.cases.append(Case(*arguments, **options))

    def folder(self, name):
        return os.path.join(self.work, name)

    def fresh(self, *names):
        def prepare():
            for name in names:
                shutil.rmtree(self.folder(name), ignore_errors=True)
                os.makedirs(self.folder(name))
        return prepare

    def records(self, kind):
        """All faults of the first date in one file, `csv` or `ndjson`; made once."""
        path = f"{self.data}/faults.{kind}"
        if not os.path.exists(path):
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "generate.py")
            subprocess.run([sys.executable, script, kind, self.data + "/www", path + ".part"], check=True)
            os.rename(path + ".part", path)
        return path

    # Results

    def rank_sum(self, domains, dates):
        return sum(self.totals[d][1] for d in domains) * len(dates)

    def has_faults(self, path, table, rows, domains, dates):
        def check(_):
            with sqlite3.connect(path) as database:
                found = database.execute(f"SELECT count(*), sum(rank) FROM {table}").fetchone()
            database.close()
            # The mock generates ranks of its own.
            expected = (rows, found[1] if self.server.is_mock else self.rank_sum(domains, dates))
            if found != expected:
                raise Wrong(f"{path}: rows and sum of ranks are {found}, not {expected}")
        return check

    def has_rows(self, path, table, rows):
        def check(_):
            with sqlite3.connect(path) as database:
                found = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            database.close()
            if found != rows:
                raise Wrong(f"{path}: {found} rows, not {rows}")
        return check

    def has_chunks(self, pattern, least):
        def check(_):
            found = len(glob.glob(pattern, recursive=True))
            if found < least:
                raise Wrong(f"{pattern}: {found} chunks, not {least}")
            return f"{found:,} chunks"
        return check

    def has_waiting(self, name, least):
        return self.has_chunks(self.folder(name) + "/spool/ready/**/*.zst", least)

    # Bobbin's command lines

    def configure(self, name, source, job, target=None):
        """Writes a configuration of one job and returns the arguments that select it."""
        path = self.folder(name + ".yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({
                "connections": {
                    "source": source,
                    "warehouse": target or {"type": "sqlite", "path": self.folder(name) + "/out.db"}},
                "defaults": {"target": "warehouse"}, "jobs": {"job": job},
            }, file, indent=2)
        return ["-c", path, "--spool", self.folder(name) + "/spool"]

    def fault_options(self, name, domains, dates, mode="replace-partition", target=None):
        return self.configure(name, {"type": "http", "base_url": self.server.base}, {
            "source": {
                "connection": "source", "path": "/faults", "records": "/data", "page_size": 5000,
                "query": {"domain": "{domain}", "date": "{data_date}", "lastRank": "{cursor}", "limit": "{page_size}"},
                "pagination": {"type": "cursor", "field": "rank", "start": "0", "stop": "short_page"}},
            "partitions": {"domain": domains, "data_date": dates},
            "table": "fault_record", "primary_key": ["domain", "data_date", "rank"], "mode": mode}, target)

    def file_options(self, name, file, chunk_rows, mode, key):
        job = {"source": {"connection": "source", "path": os.path.basename(file)}, "table": "event", "mode": mode,
               "chunk": {"rows": chunk_rows}}
        if key:
            job["primary_key"] = key
        return self.configure(name, {"type": "files", "path": os.path.dirname(file)}, job)

    def loading(self, name, options, database_only, **quick):
        """Prepares a load: the spool as an extraction leaves it (made unless the case before has just done so)."""
        def prepare():
            folder = self.folder(name)
            for path in glob.glob(folder + "/out.db*"):
                os.remove(path)
            if database_only and os.path.exists(folder + "/extracted"):
                os.remove(folder + "/extracted")
                return
            self.fresh(name)()
            with open(self.folder("prepare.log"), "ab") as log:
                subprocess.run([self.bobbin, "extract", *options], check=True, stdout=log, stderr=log,
                               env={**os.environ, **quick})
        return prepare

    def extracted(self, name, check):
        """A check that leaves a mark for `loading`."""
        def mark(run):
            note = check(run)
            with open(self.folder(name) + "/extracted", "w", encoding="utf-8"):
                return note
        return mark

    # Figures

    def faults(self, extract, load, both, domains, dates):
        """Floors and Bobbin, stage by stage and end to end."""
        rows = sum(self.totals[d][0] for d in domains) * len(dates)
        key = "domain,data_date,rank"
        api = [self.server.base, DATE, ",".join(domains)]
        goals = self.rows >= 1_000_000
        if self.floor:
            spool, folder = self.folder("floor/spool"), self.folder("floor")
            chunks = -(-self.totals[domains[0]][0] // 5000) * len(domains)
            self.add(extract, "floor: extract", [self.floor, "extract", *api, spool], rows,
                     self.has_chunks(spool + "/*.zst", chunks), self.fresh("floor"), served=True)
        if self.bobbin:
            options = self.fault_options("faults", domains, dates)
            self.add(extract, "bobbin extract", [self.bobbin, "extract", *options], rows,
                     self.extracted("faults", self.has_waiting("faults", len(domains))), self.fresh("faults"),
                     "floor: extract", {"wall": 1.15, "megabytes": 120} if goals else {}, True)
        if self.floor:
            database = folder + "/out.db"
            self.add(load, "floor: load", [self.floor, "load", spool, database, "faults", COLUMNS, key], rows,
                     self.has_faults(database, "faults", rows, domains, dates), self.floor_spool(api))
        if self.bobbin:
            database = self.folder("faults") + "/out.db"
            self.add(load, "bobbin load, replace-partition", [self.bobbin, "load", *options], rows,
                     self.has_faults(database, "fault_record", rows, domains, dates),
                     self.loading("faults", options, True), "floor: load",
                     {"wall": 0.9, "megabytes": 120} if goals else {})
            merge = self.fault_options("merge", domains, dates, "merge")
            self.add(load, "bobbin load, merge", [self.bobbin, "load", *merge], rows,
                     self.has_faults(self.folder("merge") + "/out.db", "fault_record", rows, domains, dates),
                     self.loading("merge", merge, False), "floor: load")
        if self.floor:
            spool, database = self.folder("both/spool"), self.folder("both/out.db")
            self.add(both, "floor: both", [self.floor, "run", *api, spool, database, "faults", COLUMNS, key], rows,
                     self.has_faults(database, "faults", rows, domains, dates), self.fresh("both"), served=True)
        if self.bobbin:
            options = self.fault_options("run", domains, dates)
            self.add(both, "bobbin run", [self.bobbin, "run", *options], rows,
                     self.has_faults(self.folder("run/out.db"), "fault_record", rows, domains, dates),
                     self.fresh("run"), "floor: both", {"wall": 0.85, "megabytes": 120} if goals else {}, True)

    def floor_spool(self, api):
        """Prepares the floor's load: the chunks that its extraction has just left, else new ones."""
        def prepare():
            for path in glob.glob(self.folder("floor") + "/out.db*"):
                os.remove(path)
            if not glob.glob(self.folder("floor/spool") + "/*.zst"):
                subprocess.run([self.floor, "extract", *api, self.folder("floor/spool")], check=True)
        return prepare

    def add_peers(self):
        stages = {"end to end": ("API to SQLite, end to end", "floor: both"),
                  "load": ("spool to SQLite", "floor: load")}
        rows = sum(self.totals[d][0] for d in self.all)
        for peer in peers.find_all():
            if peer.why_not:
                self.skipped.append(f"{peer.name}: {peer.why_not}")
                continue
            if self.server.is_mock and peer.source == "api":
                self.skipped.append(f"{peer.name}: its paging needs nginx")
                continue
            section, floor = stages[peer.stage]
            folder = self.folder("peer")
            source = [self.server.base, DATE, ",".join(self.all)]
            if peer.source != "api":
                source = self.records(peer.source)

            def check(_, peer=peer):
                found = peers.count(folder)
                if found != rows:
                    raise Wrong(f"{peer.name}: {found} rows, not {rows}")

            def prepare(peer=peer):
                self.fresh("peer")()
                peer.prepare(folder)

            self.add(section, peer.name, peer.command(folder, source), rows, check, prepare,
                     floor if self.floor else None, served=peer.source == "api", environment=peer.environment,
                     once=peer.slow)

    def small(self):
        """What a run costs whatever it carries."""
        section, domains = "one partition of 10,000 rows, end to end", ["domain-small"]
        rows = self.totals["domain-small"][0]
        if self.floor:
            self.add(section, "floor: small", [
                self.floor, "run", self.server.base, DATE, domains[0], self.folder("small-floor/spool"),
                self.folder("small-floor/out.db"), "faults", COLUMNS, "domain,data_date,rank"], rows,
                self.has_faults(self.folder("small-floor/out.db"), "faults", rows, domains, [DATE]),
                self.fresh("small-floor"), served=True)
        if self.bobbin:
            options = self.fault_options("small", domains, [DATE])
            self.add(section, "bobbin run, 10,000 rows", [self.bobbin, "run", *options], rows,
                     self.has_faults(self.folder("small/out.db"), "fault_record", rows, domains, [DATE]),
                     self.fresh("small"), "floor: small", {"seconds": 0.15}, True)

    def random_keys(self):
        """Events, whose keys come in random order: each of them falls on another page of the index."""
        section, file, key = "events with random keys", self.data + "/events.ndjson", ["tenant_id", "event_id"]
        if self.floor:
            spool = self.data + "/events-spool"
            if not os.path.exists(spool):
                shutil.rmtree(spool + ".part", ignore_errors=True)
                subprocess.run([self.floor, "split", file, spool + ".part", "5000"], check=True)
                os.rename(spool + ".part", spool)
            self.add(section, "floor: events, 5,000 a transaction", [
                self.floor, "load", spool, self.folder("events-floor/out.db"), "event", EVENTS, ",".join(key)],
                self.rows, self.has_rows(self.folder("events-floor/out.db"), "event", self.rows),
                self.fresh("events-floor"))
        if not self.bobbin:
            return
        floor = "floor: events, 5,000 a transaction" if self.floor else None
        goal = {"seconds": 5} if self.rows == 1_000_000 else {}
        for size, mode in ((500, "insert-only"), (5000, "insert-only"), (50_000, "insert-only"), (50_000, "append")):
            name = f"events-{size}-{mode}"
            options = self.file_options(name, file, size, mode, key if mode == "insert-only" else None)
            if mode == "insert-only":
                self.add(section, f"bobbin extract, file, {size:,} a chunk", [self.bobbin, "extract", *options],
                         self.rows, self.extracted(name, self.has_waiting(name, 1)), self.fresh(name))
            self.add(section, f"bobbin load, {mode}, {size:,} a chunk", [self.bobbin, "load", *options], self.rows,
                     self.has_rows(self.folder(name) + "/out.db", "event", self.rows),
                     self.loading(name, options, mode == "insert-only"), floor if mode == "insert-only" else None,
                     goal)

    def memory(self, large):
        """The resident size at a tenth and at ten times the rows."""
        if not self.bobbin:
            return
        sizes = [(f"{self.rows // 10:,} rows", self.all[: max(1, len(self.all) // 10)], [DATE])]
        if large:
            sizes.append((f"{self.rows * 10:,} rows", self.all, self.dates))
        for title, domains, dates in sizes:
            name = "memory-" + title.split(" ")[0].replace(",", "")
            rows = sum(self.totals[d][0] for d in domains) * len(dates)
            options = self.fault_options(name, domains, dates)
            once = rows > self.rows
            self.add("memory", f"bobbin extract, {title}", [self.bobbin, "extract", *options], rows,
                     self.extracted(name, self.has_waiting(name, len(domains))), self.fresh(name), None,
                     {"megabytes": 120}, True, once=once)
            self.add("memory", f"bobbin load, {title}", [self.bobbin, "load", *options], rows,
                     self.has_faults(self.folder(name) + "/out.db", "fault_record", rows, domains, dates),
                     self.loading(name, options, True), None, {"megabytes": 120}, once=once)

    def claims(self):
        """One-row chunks, so that what remains is the work of a chunk: claim, verify, ledger, retire. The disk is not
        waited for. The difference between the two is what a backlog costs."""
        if not self.bobbin:
            return
        if not self.nosync or self.server.is_mock:
            self.skipped.append("claims: they need a C compiler and nginx")
            return
        for count in (1_000, min(100_000, self.rows)):
            name = f"claims-{count}"
            options = self.configure(name, {"type": "http", "base_url": self.server.base}, {
                "source": {
                    "connection": "source", "path": "/tiny", "records": "/data", "page_size": 1,
                    "query": {"page": "{page}", "of": str(count)},
                    "pagination": {"type": "page", "total_pages": "/pages"}},
                "table": "tiny", "mode": "append", "chunk": {"rows": 1}})
            title = f"bobbin load, {count:,} chunks waiting"
            case = Case("claims", title, [self.bobbin, "load", *options], count, None,
                        self.loading(name, options, False, LD_PRELOAD=self.nosync), None, {"each": 1.0},
                        environment={"LD_PRELOAD": self.nosync}, once=True)

            complete = self.has_rows(self.folder(name) + "/out.db", "tiny", count)

            def check(usage, complete=complete, count=count):
                complete(usage)
                usage.each = usage.wall / count * 1000
            case.check = check
            self.cases.append(case)
