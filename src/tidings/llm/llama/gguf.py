"""What a GGUF file says of itself, read without running anything (format: github.com/ggml-org/ggml, docs/gguf.md)."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tidings.domain.errors import InvalidInputError

MAGIC = b"GGUF"
_VERSIONS = range(2, 4)
_NUMBERS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MOST_ENTRIES = 10_000
_MOST_BYTES = 64 * 1024 * 1024  # of one string or array; vocabularies have some megabytes


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """A model's own words: architecture, name, how many tokens of context it was trained for (0: not said)."""

    architecture: str
    name: str
    context: int
    tensors: int
    chat: bool
    """Whether it has a chat template, without which instructions mean nothing to it."""
    bytes: int


def read_gguf(path: Path) -> GgufInfo:
    """The header of a GGUF file. Raises InvalidInputError with the reason when it is not one, or cut short."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _read(file, path, size)
    except OSError as error:
        raise InvalidInputError(
            f"The model file {path} cannot be read: {error.strerror}.", remedy="Check the path and its permissions."
        ) from error
    except (struct.error, UnicodeDecodeError, EOFError) as error:
        raise _no(path, "it ends or breaks off within its header") from error


def fingerprint(path: Path) -> str:
    """SHA-256 of the file, as hex: what a draft names its model by."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(file: BinaryIO, path: Path, size: int) -> GgufInfo:
    if file.read(4) != MAGIC:
        raise _no(path, "it does not begin as one")
    version, tensors, entries = struct.unpack("<IQQ", _take(file, 20))
    if version not in _VERSIONS:
        raise _no(path, f"its version {version} is not known (2 and 3 are)")
    if entries > _MOST_ENTRIES or not tensors:
        raise _no(path, "its header makes no sense")
    found: dict[str, Any] = {}
    for _ in range(entries):
        name = _string(file)
        kind = struct.unpack("<I", _take(file, 4))[0]
        found[name] = _value(file, kind, path)
    architecture = str(found.get("general.architecture") or "")
    if not architecture:
        raise _no(path, "it does not say what kind of model it holds")
    if size - file.tell() < tensors:
        raise _no(path, "the weights are missing: the download was cut short")
    return GgufInfo(
        architecture, str(found.get("general.name") or path.stem),
        int(found.get(f"{architecture}.context_length") or 0),
        tensors, bool(found.get("tokenizer.chat_template")), size,
    )  # fmt: skip


def _take(file: BinaryIO, count: int) -> bytes:
    if count > _MOST_BYTES:
        raise EOFError
    got = file.read(count)
    if len(got) != count:
        raise EOFError
    return got


def _string(file: BinaryIO) -> str:
    return _take(file, struct.unpack("<Q", _take(file, 8))[0]).decode("utf-8", "strict")


def _value(file: BinaryIO, kind: int, path: Path) -> Any:
    if kind in _NUMBERS:
        form = _NUMBERS[kind]
        return struct.unpack(form, _take(file, struct.calcsize(form)))[0]
    if kind == _STRING:
        return _text(file)
    if kind == _ARRAY:
        of, count = struct.unpack("<IQ", _take(file, 12))
        return _skip(file, of, count, path)
    raise _no(path, f"its header holds a value of an unknown kind ({kind})")


def _text(file: BinaryIO) -> str:
    return _take(file, struct.unpack("<Q", _take(file, 8))[0]).decode("utf-8", "replace")


def _skip(file: BinaryIO, of: int, count: int, path: Path) -> None:
    """Vocabularies are of no interest here."""
    if of in _NUMBERS:
        _take(file, struct.calcsize(_NUMBERS[of]) * count)
    elif of == _STRING and count < _MOST_BYTES:
        for _ in range(count):
            _take(file, struct.unpack("<Q", _take(file, 8))[0])
    else:
        raise _no(path, "its header holds a list of an unknown kind")


def _no(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError(
        f"{path.name} is not a GGUF model: {why}.",
        remedy="Give a .gguf file for llama.cpp, for example the one of `tidings models add smollm2`.",
    )
