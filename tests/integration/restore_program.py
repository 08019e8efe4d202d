"""Restores and is killed, at one step after the other: `restore_program.py FOLDER COPY EVERY`.

FOLDER holds `key` and `data`; for each step a copy of `data` is restored into by a child that is killed there. Prints
the folders of those that were killed. A step is the beginning or the end of a call made in the code of a restore:
every one of those that touch the file in place, of the others each EVERYth.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from tidings.app import care
from tidings.settings import Settings

ROOMS = ("store/backup.py", "store/files.py", "store/former.py", "store/noes.py", "audience/erasure.py", "app/care.py")
IN_PLACE = {"put_in_place", "_keep", "set_flight_aside", "sweep", "scratch", "_remove"}


def restore(data: Path, key: Path, copy: Path) -> None:
    """What the command does."""
    care.restore(Settings(data, environ={"TIDINGS_KEY_FILE": str(key), "TIDINGS_KEYRING": "off"}), copy)


def in_child(data: Path, key: Path, copy: Path, at: int) -> list[bool]:
    """Restores in a child killed at that step (-1: at none); of each step it came to, whether it is in place."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        seen = [0]

        def watch(frame: FrameType, _event: str, _what: Any) -> None:
            if not frame.f_code.co_filename.endswith(ROOMS):
                return
            os.write(writing, b"!" if frame.f_code.co_name in IN_PLACE else b".")
            seen[0] += 1
            if seen[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(watch)
        restore(data, key, copy)
        sys.setprofile(None)
        os._exit(0)
    os.close(writing)
    steps = b""
    while more := os.read(reading, 1 << 16):
        steps += more
    os.close(reading)
    _, status = os.waitpid(child, 0)
    wanted = 0 if at < 0 else signal.SIGKILL
    if status != wanted:
        raise SystemExit(f"step {at}: the child ended with {status}")
    return [step == ord("!") for step in steps]


def main() -> None:
    """Every step in turn."""
    folder, copy, every = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    key = folder / "key"
    shutil.copytree(folder / "data", folder / "whole")
    steps = in_child(folder / "whole", key, copy, -1)
    for number, in_place in enumerate(steps, 1):
        if in_place or number % every == 0:
            killed = folder / f"killed-{number}"
            shutil.copytree(folder / "data", killed)
            in_child(killed, key, copy, number)
            print(killed.name, flush=True)


if __name__ == "__main__":
    main()
