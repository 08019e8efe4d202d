"""The bundled judge: how long ranking twenty lines takes, against asking llama.cpp's own server for one completion.

The machine is kept busy meanwhile by as many loops as it has cores, for that is when spinning threads would hurt.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import time
from pathlib import Path

from tidings.domain.errors import UnavailableError
from tidings.llm.base import BadAnswerError, Prompt
from tidings.llm.llama import weights
from tidings.llm.llama.model import LlamaModel

LINES = [
    f"{verb} {what}"
    for verb in ("You are invited:", "Learn to bake", "A place for you at the", "See you at the")
    for what in ("bread workshop", "sourdough evening", "winter baking school", "rye bread course", "open bakery")
]
CONTEXT = "A good subject line of an e-mail. Its goal: fill the bread workshop."


def spin() -> None:
    """Keeps one core busy."""
    while True:
        pass


def rounds(model: LlamaModel) -> tuple[list[float], float]:
    """Seconds of six rankings, the first of which loads the model; and processor seconds of one of the others."""
    taken: list[float] = []
    spent = 0.0
    for number in range(6):
        start = time.perf_counter()
        model.score(f"{CONTEXT} ({number})", LINES, seconds=120.0)
        taken.append(time.perf_counter() - start)
        if number == 0:
            spent = processor_seconds()
    return taken, (processor_seconds() - spent) / 5


def processor_seconds() -> float:
    """What this process's children have used so far, of all cores, the busy loops left out (Linux)."""
    used = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = place.read_text(encoding="utf-8").rpartition(")")
            command = place.with_name("cmdline").read_bytes()
        except OSError:
            continue
        fields = rest.split()
        if int(fields[1]) == os.getpid() and b"llama.child" in command and name:
            used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Idle, then busy."""
    try:
        path = weights.fetch(Path(sys.prefix))
    except UnavailableError as error:
        print(f"skipped: {error.message}")
        return
    model = LlamaModel("SmolLM2", path)
    print(
        f"{'machine':<10}{'first s':>10}{'median s':>10}{'worst s':>10}{'CPU s':>10}   bar: 6 s for {len(LINES)} lines"
    )
    for name, loops in (("as it is", 0), ("busy", os.cpu_count() or 1)):
        busy = [multiprocessing.Process(target=spin, daemon=True) for _ in range(loops)]
        for each in busy:
            each.start()
        (first, *others), spent = rounds(model)
        for each in busy:
            each.terminate()
            each.join()
        print(f"{name:<10}{first:>10.2f}{statistics.median(others):>10.2f}{max(others):>10.2f}{spent:>10.2f}")
        model.close()
    start = time.perf_counter()
    try:
        done = model.complete(Prompt("Write.", "Count from one to ten."), max_tokens=120, seed=1)
        print(f"one completion: {done.tokens_out} tokens in {time.perf_counter() - start:.2f} s, loading included")
    except BadAnswerError as error:
        print(f"one completion: {error.message}")
    model.close()


if __name__ == "__main__":
    main()
