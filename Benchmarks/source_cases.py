"""What is measured of databases as sources: a table with its primary key into the spool, beside the least that does so."""
import os

from cases import DATE
from figures import NAMES, SOURCE, Figures

# DuckDB has a limit of memory of its own, 2 GB.
MEMORY = {"megabytes": 120}
SHAPE = ",".join(f"{name}:{'integer' if name == 'rank' else 'text'}" for name in NAMES)


class Sources(Figures):
    """`servers` is the program of the servers' floors, or nothing."""

    def __init__(self, bench, engine, servers):
        super().__init__(bench, engine)
        self.servers = servers
        self.section = f"{engine.title} to spool"
        self.csv = None

    def filled(self, dates):
        """Makes the table, unless the case before has left it."""
        name = f"{SOURCE} of {len(dates)} dates"
        if self.engine.holds != name:
            self.clear()
            self.engine.query(*self.create(SOURCE, "PRIMARY"))
            self.engine.fill(SOURCE, self.csv)
            quoted = [self.engine.name(n) for n in NAMES]
            for date in dates[1:]:
                values = ", ".join([quoted[0], f"'{date}'", *quoted[2:]])
                self.engine.query(f"INSERT INTO {SOURCE} SELECT {values} FROM {SOURCE} WHERE data_date = '{DATE}'")
            if self.engine.kind != "duckdb":
                self.engine.query({"postgres": f"VACUUM ANALYZE {SOURCE}", "mariadb": f"ANALYZE TABLE {SOURCE}",
                                   "sqlite": "PRAGMA wal_checkpoint(TRUNCATE)"}[self.engine.kind])
            self.engine.holds = name
        # From memory for everybody, also who is the first to read it.
        self.engine.query(f"SELECT max(length(fault_detail)) FROM {SOURCE}")
        self.engine.quiet()

    def unload(self, name, *command, order=()):
        """A figure of the C++ floor."""
        folder = f"{self.engine.kind}-unload"

        def prepare():
            self.bench.fresh(folder)()
            self.filled([DATE])
        spool = self.bench.folder(folder) + "/spool"
        self.add(self.section, name, [*command, SOURCE, SHAPE, spool, *order],
                 self.has_spool(spool, self.rows, self.total), prepare)

    def bobbin(self, section, title, dates, floor=None, beside=None, goal=None, **options):
        if not self.bench.bobbin:
            return
        name = f"{self.engine.kind}-extract-{len(dates)}"
        arguments = self.bench.configure(name, self.engine.connection(), {
            "source": {"connection": "source", "table": SOURCE}, "table": "fault_record", "mode": "replace"})

        def prepare():
            self.bench.fresh(name)()
            self.filled(dates)
        rows, total = self.rows * len(dates), self.total * len(dates)
        self.add(section, title, [self.bench.bobbin, "extract", *arguments],
                 self.has_spool(self.bench.folder(name) + "/spool/ready", rows, total), prepare, floor, beside, goal,
                 rows=rows, **options)

    def figures(self, csv):
        """csv: a file of the records."""
        self.csv, kind, floor, beside = csv, self.engine.kind, None, None
        if kind == "postgres" and self.servers:
            floor, beside = "floor: COPY to chunks", "floor: COPY in the order of the key"
            for name, order in ((floor, ()), (beside, (self.quoted,))):
                self.unload(name, self.servers, "unload-postgres", self.engine.place, order=order)
        elif kind == "mariadb" and self.servers:
            floor = "floor: result to chunks"
            self.unload(floor, self.servers, "unload-mariadb", str(self.engine.port), "bench")
        elif kind == "sqlite" and self.bench.floor:
            floor = "floor: SELECT to chunks"
            self.unload(floor, self.bench.floor, "unload", self.engine.path)
        elif kind == "duckdb":
            floor = "the engine, COPY to NDJSON"
            path = self.bench.folder("duckdb-unload.ndjson.zst")

            def check(usage):
                self.has(f"read_json('{path}', format = 'newline_delimited')")(usage)
                os.remove(path)
            self.add(self.section, floor, self.engine.client(f"COPY {SOURCE} TO '{path}' (FORMAT json, COMPRESSION zstd)"),
                     check, lambda: self.filled([DATE]))
        goal = {} if kind == "duckdb" else {"wall": 1.15, **MEMORY}
        self.bobbin(self.section, "bobbin extract, replace", [DATE], floor, beside, goal)

    def large(self):
        """Ten times the rows, for flat memory."""
        dates = self.bench.dates
        self.bobbin("memory", f"bobbin extract, {self.rows * len(dates):,} rows", dates, once=True,
                    goal={} if self.engine.kind == "duckdb" else MEMORY, flat=self.title("bobbin extract, replace"))
