"""What is measured of DuckDB and Parquet as targets: the engine itself that reads the chunk files is their floor."""
from figures import NAMES, Figures

COLUMNS = ", ".join(f"{name}: '{'BIGINT' if name == 'rank' else 'VARCHAR'}'" for name in NAMES)


class Chunks(Figures):
    """Loads of one run, beside one statement on its chunks."""

    def __init__(self, bench, engine):
        super().__init__(bench, engine)
        self.section = "spool to " + engine.title

    def read(self):
        """The chunks as Bobbin's extraction leaves them, with their types told."""
        files = self.bench.folder("one-run-append") + "/ready/**/*.zst"
        return f"read_json('{files}', format = 'newline_delimited', compression = 'zstd', columns = {{{COLUMNS}}})"

    def least(self, section, name, *statements, key=None, filled=False, path=None, floor=None):
        """A figure of the engine's own; the spool is there once Bobbin has extracted it."""
        if not self.bench.bobbin:
            return
        scratch = f"{self.engine.kind}-one-run-append"
        options = self.options(scratch, "append", False)

        def prepare():
            self.clear()
            self.spool(scratch, options, "append")
            if key is not None:
                self.engine.query(*self.create("faults", key), *[f"INSERT INTO faults SELECT * FROM {self.read()}"] * filled)
        self.add(section, name, self.engine.client(*statements, path=path), self.has("faults"), prepare, floor)

    def duckdb(self):
        plain, keyed, known = "floor: INSERT", "floor: INSERT, unique key", "floor: MERGE"
        goal = {"wall": 1.15}
        self.least(self.section, plain, f"INSERT INTO faults SELECT * FROM {self.read()}", key="")
        self.load(self.section, "append", key=False, floor=plain, goal=goal)
        self.least(self.section, keyed, f"INSERT INTO faults SELECT * FROM {self.read()}", key="UNIQUE")
        self.load(self.section, "replace", floor=keyed, goal=goal)
        self.load(self.section, "merge", floor=keyed, goal=goal)
        section = self.section + ", every key known"
        sets = ", ".join(f"{n} = s.{n}" for n in NAMES[3:])
        self.least(section, known, f"MERGE INTO faults USING {self.read()} AS s USING ({self.quoted}) "
                   f"WHEN MATCHED THEN UPDATE SET {sets} WHEN NOT MATCHED THEN INSERT", key="UNIQUE", filled=True)
        self.load(section, "merge", again=True, floor=known, goal=goal)
        self.load(section, "replace", again=True, floor=known)

    def parquet(self):
        floor, file = "floor: COPY", self.engine.path + "/faults.parquet"
        self.least(self.section, floor, f"COPY (SELECT * FROM {self.read()}) TO '{file}' (FORMAT parquet, COMPRESSION zstd)")
        self.least(self.section, "the engine, INSERT into a file and COPY",
                   f"CREATE TABLE faults AS SELECT * FROM {self.read()}", "CHECKPOINT",
                   f"COPY faults TO '{file}' (FORMAT parquet, COMPRESSION zstd)",
                   path=self.engine.path + "/rows.duckdb", floor=floor)
        self.load(self.section, "append", key=False, floor=floor, goal={"wall": 1.15})
        self.load(self.section, "replace", variant="replace-no-key", key=False, floor=floor, goal={"wall": 1.15})
        self.load(self.section, "merge", floor=floor)
