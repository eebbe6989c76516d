"""What deletes and versions cost: modes that collect a run's rows before they change the table, beside the plain merge."""
from figures import MARK, Figures


class Staged(Figures):
    def figures(self):
        section, base = f"staged modes, {self.engine.title}", "bobbin load, one run, merge"
        # DuckDB has a limit of memory of its own, 2 GB.
        goal = {} if self.engine.kind == "duckdb" else {"megabytes": 120}
        marker = {"delete_marker": {"column": "fault_type", "values": [MARK]}}
        for title, mode, variant, more in (
                (base, "merge", "merge", {}),
                ("bobbin load, one run, merge with delete_marker", "merge", "merge-marked", marker),
                ("bobbin load, one run, scd2", "scd2", "scd2", {})):
            for again in (False, True):
                self.load(section, mode, title + ", again" * again, variant, again=again, marked=bool(more),
                          floor=base + ", again" * again if title != base else None, goal=goal, **more)
