#!/usr/bin/env python3
"""Runs the cases interleaved, checks every result, prints the table. Started by bench.sh, which prepares the tools."""
import argparse
import dataclasses
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

import cases
import measure
import server
import server_cases

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = ("figure", "wall s (min to max)", "CPU s", "server CPU", "peak MB", "krows/s", "wall/floor", "CPU/floor",
        "goal and note")


def generate(data, rows, large):
    """The input below `data`, made once for each size."""
    dates = ",".join(f"2026-11-{day}" for day in range(20, 30)) if large else cases.DATE
    wanted = [("www", ["pages"], ["--rows", str(rows), "--dates", dates]),
              ("events.ndjson", ["events"], ["--rows", str(rows)])]
    for name, kind, options in wanted:
        path = os.path.join(data, name)
        if not os.path.exists(path):
            print(f"generating {name} ...", flush=True)
            subprocess.run([sys.executable, HERE + "/generate.py", *kind, path + ".part", *options], check=True)
            os.rename(path + ".part", path)


def run_case(case, index, folder, upstream):
    case.prepare()
    server = upstream if case.served is True else case.served and case.served.cpu
    usage = measure.measure(case.command, f"{folder}/{index:02d}.log", folder, case.environment, server or None)
    case.note = case.check(usage) or ""
    case.runs.append(usage)
    return usage


def middle(case, value):
    return statistics.median(value(run) for run in case.runs)


def ratios(case, floor, by_name):
    """Wall and CPU of a case as shares of its floor's, each the median over the rounds, so that a slow minute of the
    machine strikes both sides. The CPU of a database belongs to both of them, that of the API to neither."""
    floor = by_name.get(floor)
    if not floor or not floor.runs:
        return None, None

    def used(run):
        return run.cpu + (0 if case.served in (True, False) else run.server)

    pairs = list(zip(case.runs, floor.runs))
    return (statistics.median(a.wall / b.wall for a, b in pairs),
            statistics.median(used(a) / used(b) for a, b in pairs if used(b)) if used(floor.runs[0]) else None)


def goal_text(case, wall, cpu, by_name):
    """Every goal of a case and whether it was reached."""
    beside = ratios(case, case.beside, by_name)
    actual = {"wall": wall, "cpu": cpu, "beside": beside[0], "client": middle(case, lambda r: r.cpu),
              "seconds": middle(case, lambda r: r.wall), "megabytes": middle(case, lambda r: r.peak) / 1e6}
    units = {"wall": "{:.3g} x wall", "cpu": "{:g} x CPU", "seconds": "{:g} s", "megabytes": "{:g} MB",
             "each": "{:g} ms each", "client": "{:g} CPU s", "beside": "{:g} x it"}
    parts = []
    if beside[0]:
        parts.append(f"beside {case.beside.split(': ')[-1]} {beside[0]:.2f} wall, {beside[1]:.2f} CPU")
    flat = by_name.get(case.flat)
    if flat and flat.runs:
        share = middle(case, lambda r: r.peak) / middle(flat, lambda r: r.peak)
        parts.append(f"peak {share:.2f} x that of {flat.rows:,} rows")
    for kind, limit in case.goal.items():
        value = middle(case, lambda r: r.each) if kind == "each" else actual[kind]
        if value is not None:
            sign = "reached" if value <= limit else "missed"
            shown = f" at {value:.2f}" if kind == "each" else ""
            parts.append(f"{units[kind].format(limit)} {sign}{shown}")
    notes = [case.note] * bool(case.note) + ["one round"] * case.once
    return ", ".join(parts + notes)


def row_of(case, by_name):
    if not case.runs:
        return (case.name, "failed", "", "", "", "", "", "", "")
    wall, cpu = ratios(case, case.floor, by_name)
    walls = [run.wall for run in case.runs]
    seconds = statistics.median(walls)
    served = f"{middle(case, lambda r: r.server):.2f}" if case.served else ""
    return (case.name, f"{seconds:.2f} ({min(walls):.2f} to {max(walls):.2f})", f"{middle(case, lambda r: r.cpu):.2f}",
            served, f"{middle(case, lambda r: r.peak) / 1e6:.0f}", f"{case.rows / seconds / 1000:.0f}",
            f"{wall:.2f}" if wall else "", f"{cpu:.2f}" if cpu else "", goal_text(case, wall, cpu, by_name))


def table(all_cases):
    """A Markdown table for each section, columns in line."""
    by_name = {case.name: case for case in all_cases}
    lines = []
    for section in dict.fromkeys(case.section for case in all_cases):
        rows = [HEAD] + [row_of(case, by_name) for case in all_cases if case.section == section]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
        lines += ["", f"### {section}", ""]
        for number, row in enumerate(rows):
            cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
            lines.append("| " + " | ".join(cells) + " |")
            if number == 0:
                rules = ["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]]
                lines.append("|" + "|".join(rules) + "|")
    return "\n".join(lines)


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), model)
    return {"cpus": os.cpu_count(), "model": model, "system": platform.platform(), "load": os.getloadavg()[0],
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000}


def document(all_cases, begun, options, failures, skipped):
    by_name = {case.name: case for case in all_cases}
    figures = []
    for case in all_cases:
        wall, cpu = ratios(case, case.floor, by_name) if case.runs else (None, None)
        figures.append({
            "section": case.section, "name": case.name, "rows": case.rows, "floor": case.floor, "beside": case.beside,
            "flat": case.flat, "goal": case.goal, "wall_ratio": wall, "cpu_ratio": cpu, "command": case.command,
            "runs": [{**dataclasses.asdict(run), **({"each_ms": run.each} if hasattr(run, "each") else {})}
                     for run in case.runs]})
    return {"format": 1, "begun": begun, "machine": machine(), "rounds": options.runs, "rows": options.rows,
            "figures": figures, "failures": failures, "skipped": skipped}


def interleave(bench, options, folder, upstream):
    """All cases, round by round; returns what failed. A case that failed is not tried again."""
    failures = {}
    for number in range(options.runs):
        for index, case in enumerate(bench.cases):
            if case.name in failures or case.once and number > 0:
                continue
            try:
                usage = run_case(case, index, folder, upstream)
                print(f"round {number + 1}  {case.name:44} wall {usage.wall:7.2f}  CPU {usage.cpu:7.2f}  "
                      f"peak {usage.peak / 1e6:5.0f} MB", flush=True)
            except (measure.Failed, cases.Wrong, subprocess.CalledProcessError, OSError, cases.sqlite3.Error) as error:
                failures[case.name] = str(error)
                print(f"round {number + 1}  {case.name:44} FAILED: {error}", flush=True)
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True, help="the directory for everything")
    parser.add_argument("--bobbin", default="")
    parser.add_argument("--mock", default="")
    parser.add_argument("--nginx", default="")
    parser.add_argument("--floor", default="")
    parser.add_argument("--floor-servers", default="")
    parser.add_argument("--nosync", default="")
    parser.add_argument("--duckdb", default="", help="the library")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--only", default="", help="a regular expression on figures or sections")
    options = parser.parse_args()

    # A terminated run stops its server too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = f"{options.work}/data-{options.rows}{'-large' if options.large else ''}"
    folder = options.work + "/run"
    needed = (24 if options.large else 8) * options.rows * 1000
    os.makedirs(data, exist_ok=True)
    if shutil.disk_usage(options.work).free < needed:
        raise SystemExit(f"bench: {options.work} needs {needed // 1_000_000_000} GB of free space")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    generate(data, options.rows, options.large)

    domains = [f"domain-{d:02d}" for d in range(20)] + ["domain-small"]
    upstream = server.Server(
        options.work + "/server", data + "/www", options.nginx, options.mock, domains, options.rows // 20)
    started = []
    try:
        bench = cases.Bench(
            folder, data, upstream, options.bobbin, options.floor, options.nosync, options.rows, options.large)
        wanted = re.compile(options.only, re.IGNORECASE)
        databases = options.work + "/databases"
        shutil.rmtree(databases, ignore_errors=True)
        started = server_cases.add(
            bench, databases, options.floor_servers, options.duckdb, options.large, wanted)
        chosen = [c for c in bench.cases if wanted.search(c.name) or wanted.search(c.section)]
        floors = {name for c in chosen for name in (c.floor, c.beside, c.flat)}
        floors |= {name for c in bench.cases if c.name in floors for name in (c.floor, c.beside)}
        bench.cases = [c for c in bench.cases if c in chosen or c.name in floors]
        for line in bench.skipped:
            print("not measured: " + line, flush=True)
        begun = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        load = os.getloadavg()[0]
        failures = interleave(bench, options, folder, lambda: measure.cpu_of_family(upstream.pid))
    finally:
        upstream.stop()
        for database in started:
            database.stop()
        shutil.rmtree(options.work + "/databases", ignore_errors=True)
    print(table(bench.cases))
    print(f"\nMedians of {options.runs} interleaved rounds, {options.rows:,} rows. Load of the machine when it began: "
          f"{load:.1f}" + (" (other work ran: trust the ratios alone)." if load > 0.5 else "."))
    with open(options.work + "/results.json", "w", encoding="utf-8") as file:
        json.dump(document(bench.cases, begun, options, failures, bench.skipped), file, indent=1)
    if failures:
        print(f"{len(failures)} of {len(bench.cases)} figures failed; their files are in {folder}")
        raise SystemExit(1)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
