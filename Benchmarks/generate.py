#!/usr/bin/env python3
"""Deterministic input of the benchmark: the same arguments give the same bytes on every machine.

generate.py pages DIR     fault records as pages of a rank-cursor API: DIR/faults/DOMAIN/DATE/LASTRANK.json
generate.py events FILE   events with random 16-hex ids and a nested payload, as NDJSON
generate.py csv DIR FILE  the fault records of a directory of pages as one CSV, for tools that read no API
generate.py ndjson DIR FILE   likewise as NDJSON
"""
import argparse
import csv
import json
import multiprocessing
import os
import shutil

MASK = (1 << 64) - 1
quote = json.encoder.encode_basestring

TYPES = ("LINK_DOWN LINK_FLAP PORT_ERROR HIGH_TEMPERATURE FAN_FAILURE POWER_LOSS CRC_ERROR BGP_PEER_DOWN "
         "OSPF_ADJ_LOST MEMORY_HIGH CPU_HIGH DISK_FULL CONFIG_DRIFT CERT_EXPIRED AUTH_FAILURE PACKET_LOSS").split()
WORDS = ("interface threshold exceeded neighbour restarted optical power below limit module slot uplink retry timeout "
         "session lost peer carrier sensor reading voltage fan tray recovered unit chassis line card buffer overrun "
         "queue dropped frames alarm raised cleared manual reset required operator notified backup path active "
         "degraded hours after before since port lane firmware watchdog counter reached minimum maximum flow").split()
# What every third record holds: characters that JSON escapes, and others beyond ASCII.
SPICE = ('said "no carrier"', "C:\\log\\fault", "tab\there", "first line\nsecond line", "25°C", "München",
         "Zürich → Genève", "温度過高", "故障代码", "Москва", "⚠ alarm", "🔥 fire", "it's", "slot a/b", "100%;")
KINDS = ("login", "logout", "page_view", "purchase", "refund", "search", "export", "error")


class Numbers:
    """A 64-bit linear congruential stream (Knuth's MMIX constants); its low bits are dropped, being poor."""

    def __init__(self, seed):
        self.state = (seed * 0x9E3779B97F4A7C15 + 1) & MASK
        for _ in range(4):
            self.next()

    def next(self):
        """48 bits."""
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & MASK
        return self.state >> 16


def detail(numbers):
    """80 to 200 characters."""
    draw = numbers.next()
    length = 80 + draw % 121
    parts, size = [], 0
    if draw % 3 == 0:
        parts.append(SPICE[(draw >> 20) % len(SPICE)])
        size = len(parts[0]) + 1
    while size < length:
        draw = numbers.next() >> 4
        for _ in range(6):
            word = WORDS[draw & 63 if draw & 63 < len(WORDS) else draw & 31]
            parts.append(word)
            size += len(word) + 1
            draw >>= 6
        if draw & 3 == 0:
            word = str(draw * 7919 % 100003)
            parts.append(word)
            size += len(word) + 1
    return " ".join(parts)[:length].rstrip().ljust(80, ".")


def faults(domain, date, rows, seed):
    """(rank, JSON) of a partition's records; ranks ascend, with gaps."""
    numbers = Numbers(seed)
    rank = 0
    for _ in range(rows):
        draw = numbers.next()
        rank += 2 if draw % 10 == 0 else 1
        yield rank, (
            f'{{"domain":"{domain}","data_date":"{date}","rank":{rank},"fault_type":"{TYPES[(draw >> 8) & 15]}",'
            f'"device_id":"dev-{(draw >> 16) % 20000:06d}","fault_detail":{quote(detail(numbers))}}}')


def write_pages(job):
    """The pages of one domain, for each date; returns [rows, sum of ranks] of one date."""
    out, domain, dates, rows, page, seed = job
    pages, current = {}, []
    last = after = total = 0
    for rank, text in faults(domain, dates[0], rows, seed):
        current.append(text)
        last = rank
        total += rank
        if len(current) == page:
            pages[after], after, current = (current, last), last, []
    # The last page is short, be it empty: that is how a reader knows.
    pages[after] = (current, None)
    for date in dates:
        folder = os.path.join(out, "faults", domain, date)
        os.makedirs(folder)
        for after, (records, following) in pages.items():
            text = '{"data":[%s],"next":%s}' % (",".join(records), "null" if following is None else following)
            if date != dates[0]:
                text = text.replace(f'"data_date":"{dates[0]}"', f'"data_date":"{date}"')
            with open(os.path.join(folder, f"{after}.json"), "w", encoding="utf-8", newline="") as file:
                file.write(text)
    return [rows, total]


def pages(a):
    """All domains, and `domain-small` with 10,000 records; totals.json holds what a load must arrive at."""
    shutil.rmtree(a.out, ignore_errors=True)
    dates = a.dates.split(",")
    each = a.rows // a.domains
    jobs = [(a.out, f"domain-{d:02d}", dates, each, a.page, a.seed * 1000 + d) for d in range(a.domains)]
    small = (a.out, "domain-small", dates[:1], min(10_000, each), a.page, a.seed * 1000 + 999)
    with multiprocessing.Pool() as pool:
        results = pool.map(write_pages, jobs + [small], chunksize=1)
    domains = {job[1]: result for job, result in zip(jobs + [small], results)}
    with open(os.path.join(a.out, "totals.json"), "w", encoding="utf-8") as file:
        json.dump({"dates": dates, "domains": domains}, file)


def events(a):
    numbers = Numbers(a.seed * 7919)
    with open(a.out, "w", encoding="utf-8", newline="") as file:
        for i in range(a.rows):
            x, y, z = numbers.next(), numbers.next(), numbers.next()
            ms = i * 86 + z % 80
            s = ms // 1000
            note = "null" if y & 6 == 0 else quote(SPICE[(y >> 4) % len(SPICE)])
            file.write(
                f'{{"tenant_id":"tenant-{z % 200:03d}","event_id":"{x:012x}{y & 0xffff:04x}",'
                f'"event_type":"{KINDS[(z >> 8) & 7]}",'
                f'"event_ts":"2026-11-20T{s // 3600 % 24:02d}:{s // 60 % 60:02d}:{s % 60:02d}.{ms % 1000:03d}Z",'
                f'"source":"svc-{(z >> 16) % 24:02d}","payload":{{"user":{{"id":{(z >> 11) % 1000000},'
                f'"name":"user {(z >> 24) % 5000} ü","tags":["{WORDS[(y >> 20) & 31]}","{WORDS[(y >> 26) & 31]}"]}},'
                f'"amount":{(y >> 18) % 1000000 / 100},"ok":{"true" if y & 1 else "false"},"note":{note},'
                f'"geo":{{"lat":{((y >> 16) % 180000 - 90000) / 1000},'
                f'"lon":{((z >> 20) % 360000 - 180000) / 1000}}}}}}}\n')


def records(folder):
    """The records of the 20 (or so) whole domains, first date, in order of domain and rank."""
    with open(os.path.join(folder, "totals.json"), encoding="utf-8") as file:
        totals = json.load(file)
    for domain in sorted(totals["domains"]):
        after = 0 if domain != "domain-small" else None
        while after is not None:
            path = os.path.join(folder, "faults", domain, totals["dates"][0], f"{after}.json")
            with open(path, encoding="utf-8") as file:
                document = json.load(file)
            yield from document["data"]
            after = document["next"]


def convert(a):
    with open(a.out, "w", encoding="utf-8", newline="") as file:
        writer = None
        for record in records(a.source):
            if a.kind == "ndjson":
                file.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
                continue
            if writer is None:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(record)
            writer.writerow(record.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, work in (("pages", pages), ("events", events), ("csv", convert), ("ndjson", convert)):
        kind = kinds.add_parser(name)
        kind.set_defaults(work=work)
        if work is convert:
            kind.add_argument("source")
        kind.add_argument("out")
        kind.add_argument("--rows", type=int, default=1_000_000)
        kind.add_argument("--seed", type=int, default=1)
        if work is pages:
            kind.add_argument("--domains", type=int, default=20)
            kind.add_argument("--dates", default="2026-11-20", help="separated by commas; the same records each day")
            kind.add_argument("--page", type=int, default=5000)
    a = parser.parse_args()
    a.work(a)


if __name__ == "__main__":
    main()
