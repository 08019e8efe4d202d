"""What is no GGUF file says so before anything is run."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.errors import InvalidInputError
from tidings.llm.llama.gguf import read_gguf


def text(words: str) -> bytes:
    raw = words.encode()
    return struct.pack("<Q", len(raw)) + raw


def header(*, tensors: int = 2, architecture: bool = True, weights: int = 64) -> bytes:
    entries = [
        text("general.name") + struct.pack("<I", 8) + text("Tiny"),
        text("tiny.context_length") + struct.pack("<II", 4, 512),
        text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
        text("tokenizer.chat_template") + struct.pack("<I", 8) + text("{{ messages }}"),
    ]
    if architecture:
        entries.append(text("general.architecture") + struct.pack("<I", 8) + text("tiny"))
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, len(entries)) + b"".join(entries) + bytes(weights)


def test_the_header_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(header())
    info = read_gguf(path)
    assert (info.architecture, info.name, info.context, info.chat) == ("tiny", "Tiny", 512, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin"),
        (b"PK\x03\x04" + bytes(100), "does not begin"),
        (b"<html>Not found</html>", "does not begin"),
        (b"GGUF" + struct.pack("<IQQ", 99, 1, 1), "version 99"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 2**40), "makes no sense"),
        (header()[:-80], "breaks off"),
        (header(weights=0), "cut short"),
        (header(architecture=False), "what kind of model"),
    ],
)
def test_what_is_none_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError) as told:
        read_gguf(path)
    assert why in told.value.message
    assert "models add smollm2" in told.value.remedy


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot be read"):
        read_gguf(tmp_path / "gone.gguf")


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("g") / "any.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + raw)
    with pytest.raises(InvalidInputError):
        read_gguf(path)
