#!/usr/bin/env python3
"""Prints which case of the conformance suites ran on which engine, from the event stream of the test runner.

usage: matrix.py EVENTS

EVENTS is what `swift test --event-stream-output-path EVENTS --event-stream-version 0` writes (swift-testing, "ABI/JSON.md").
A cell says how many variants of the case passed; `-` where the case is not for the engine. Exit code 1 when a variant
failed, or when a suite ran no case.
"""
import collections
import json
import sys

SUITES = [
    ("targets", ["LoadTests.ModeTests", "LoadTests.EngineTests", "LoadTests.ChangeTests", "LoadTests.ContractTests"]),
    ("sources", ["ExtractTests.SourceTests", "ExtractTests.SourceValueTests"]),
]


def read(path):
    """The variants that ended and those that failed, as {(suite, case): Counter of engines}."""
    ended = collections.defaultdict(collections.Counter)
    failed = collections.defaultdict(set)
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            payload = record.get("payload", {})
            if record.get("kind") != "event" or "_testCase" not in payload or "/" not in payload.get("testID", ""):
                continue
            suite, case = payload["testID"].split("/")[:2]
            engine = payload["_testCase"].get("displayName", "").split(",")[0].strip()
            key = (suite, case.split("(")[0])
            if payload["kind"] == "testCaseEnded":
                ended[key][engine] += 1
            elif payload["kind"] == "issueRecorded" and not payload.get("issue", {}).get("isKnown"):
                failed[key].add((engine, payload["_testCase"]["id"]))
    return ended, failed


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ended, failed = read(sys.argv[1])
    isWrong = False
    for name, suites in SUITES:
        cases = {key: counts for key, counts in ended.items() if key[0] in suites}
        # Engines are what most cases begin with; other arguments are values of single cases.
        totals = collections.Counter(engine for counts in cases.values() for engine in counts if engine)
        most = max(totals.values(), default=0)
        engines = [engine for engine, count in totals.most_common() if 2 * count > most]
        if not engines:
            print(f"{name}: no case of {', '.join(suites)} ran", file=sys.stderr)
            isWrong = True
            continue
        rows = []
        for (suite, case), counts in sorted(cases.items()):
            if not any(engine in counts for engine in engines):
                continue
            cells = []
            for engine in engines:
                bad = sum(found == engine for found, _ in failed[(suite, case)])
                isWrong = isWrong or bad > 0
                cells.append("-" if engine not in counts else f"{counts[engine]}" if not bad else f"{bad} of {counts[engine]} FAILED")
            rows.append([case] + cells)
        width = max(len(row[0]) for row in rows)
        print(f"\n{name}: cases x engines, variants that passed")
        print("  ".join([" " * width] + [f"{engine:>{max(8, len(engine))}}" for engine in engines]))
        for row in rows:
            print("  ".join([f"{row[0]:<{width}}"] + [f"{cell:>{max(8, len(engine))}}" for cell, engine in zip(row[1:], engines)]))
    sys.exit(1 if isWrong else 0)


main()
