"""The bars of the whole: start to ready, memory at rest, the cost of `--help`, the weight of the overview page.

Runs a Tidings of its own in a directory that goes away. Prints a table; judges nothing.
"""

from __future__ import annotations

import gzip
import os
import re
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.end_to_end.conftest import Running, environment, start

REST_SECONDS = 20


def rss_mib(process: int) -> float:
    """Resident memory of one process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def pss_mib(process: int) -> float:
    """Proportional share: pages shared between processes counted once."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return int(re.search(r"Pss:\s+(\d+)", rollup)[1]) / 1024  # type: ignore[index]


def children(process: int) -> list[int]:
    """The process and all its descendants."""
    found = [process]
    for parent in found:
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True).stdout
        found.extend(int(number) for number in listed.split() if Path(f"/proc/{number}").exists())
    return [number for number in found if Path(f"/proc/{number}/smaps_rollup").exists()]


def cpu_seconds(processes: list[int]) -> float:
    """User and system time so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = (Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split() for number in processes)
    return sum(int(field[11]) + int(field[12]) for field in fields) / ticks


def timed_start(environ: dict[str, str]) -> tuple[Running, float]:
    """A start and how long it took until ready, wall seconds."""
    began = time.perf_counter()
    running = start(environ)
    return running, time.perf_counter() - began


def help_cpu() -> list[float]:
    """CPU seconds of `tidings --help`, seven times."""
    found = []
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "tidings", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return found


def overview_weight(running: Running) -> tuple[int, int]:
    """Bytes of the overview and all it loads, compressed by gzip; and how many files."""
    import http.cookiejar

    context = ssl.create_default_context(cafile=str(running.data_dir / "tls" / "ca.pem"))
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.HTTPCookieProcessor(jar)
    )
    token = running.link.partition("token=")[2]
    request = urllib.request.Request(
        f"{running.url}/sign-in/link", data=f"token={token}".encode(), headers={"Origin": running.url}
    )
    page = opener.open(request).read()
    if b"Overview" not in page:
        page = opener.open(running.url + "/").read()
    parts = sorted(set(re.findall(rb'(?:src|href)="(/static/[^"#]+)', page)))
    sizes = [len(gzip.compress(page))]
    sizes += [len(gzip.compress(opener.open(running.url + part.decode()).read())) for part in parts]
    return sum(sizes), len(sizes)


def main() -> None:
    """Measures and prints."""
    with tempfile.TemporaryDirectory() as directory:
        environ = environment(Path(directory) / "data")
        first, first_seconds = timed_start(environ)
        first.stop()
        seconds = []
        for _ in range(3):
            running, took = timed_start(environ)
            seconds.append(took)
            if len(seconds) < 3:
                running.stop()
        weight, files = overview_weight(running)
        time.sleep(REST_SECONDS)
        family = children(running.process.pid)
        before = cpu_seconds(family)
        time.sleep(REST_SECONDS)
        idle = (cpu_seconds(family) - before) / REST_SECONDS
        rows = [
            ("first start to ready, with sample", f"{first_seconds:.1f} s", ""),
            ("second start to ready (median of 3)", f"{statistics.median(seconds):.1f} s", "≤ 10 s"),
            ("memory at rest, sum of RSS", f"{sum(map(rss_mib, family)):.0f} MiB", "≤ 300 MiB"),
            ("memory at rest, sum of PSS", f"{sum(map(pss_mib, family)):.0f} MiB", ""),
            ("  by process (RSS)", ", ".join(f"{rss_mib(number):.0f}" for number in family), ""),
            ("CPU at rest", f"{idle * 100:.1f} % of a core", ""),
            ("tidings --help (median of 7)", f"{statistics.median(help_cpu()):.3f} s CPU", "≤ 0.25 s"),
            ("overview page, gzipped", f"{weight / 1024:.1f} kB in {files} files", "≤ 120 kB"),
        ]
        running.stop()
    for name, figure, bar in rows:
        print(f"{name:<38} {figure:<28} {bar}")


if __name__ == "__main__":
    main()
