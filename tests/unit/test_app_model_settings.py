"""How a language model is named in the settings, and what an idle house costs without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tidings.domain.errors import InvalidInputError
from tidings.settings import load_settings


def test_a_local_model_with_its_key_file(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sesame\n")
    key.chmod(0o600)
    env = {"TIDINGS_MODEL": "http://127.0.0.1:11434/v1/#qwen2.5", "TIDINGS_MODEL_KEY_FILE": str(key)}
    model = load_settings(env).model
    assert model is not None
    assert (model.base_url, model.model, model.api_key) == ("http://127.0.0.1:11434/v1", "qwen2.5", "sesame")
    assert "sesame" not in repr(model)
    key.chmod(0o644)
    with pytest.raises(InvalidInputError, match="open to other users") as refused:
        load_settings(env)
    assert "chmod 600" in refused.value.remedy
    with pytest.raises(InvalidInputError, match="cannot be read"):
        load_settings({**env, "TIDINGS_MODEL_KEY_FILE": str(tmp_path / "none")})


def test_no_model_is_the_default() -> None:
    assert load_settings({}).model is None


@pytest.mark.parametrize(
    "text",
    ["qwen2.5", "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1#", "ftp://localhost/v1#m", "http://u:p@localhost/v1#m",
     "http://localhost:99999/v1#m"],
)  # fmt: skip
def test_what_names_no_model_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInputError, match="does not name a language model") as refused:
        load_settings({"TIDINGS_MODEL": text})
    assert "http://127.0.0.1:11434/v1#qwen2.5" in refused.value.remedy


@pytest.mark.parametrize("host", ["api.example.com", "192.168.1.5", "localhost.example.com", "127.0.0.1.nip.io"])
def test_another_machine_must_be_allowed_and_reached_by_https(host: str) -> None:
    env = {"TIDINGS_MODEL": f"https://{host}/v1#m", "TIDINGS_MODEL_KEY": "sesame"}
    with pytest.raises(InvalidInputError, match="is not this machine") as refused:
        load_settings(env)
    assert "TIDINGS_MODEL_CLOUD=allowed" in refused.value.remedy
    model = load_settings({**env, "TIDINGS_MODEL_CLOUD": "allowed"}).model
    assert model is not None
    assert (model.cloud_allowed, model.api_key) == (True, "sesame")
    with pytest.raises(InvalidInputError, match="without encryption"):
        load_settings({"TIDINGS_MODEL": f"http://{host}/v1#m", "TIDINGS_MODEL_CLOUD": "allowed"})


def test_an_idle_house_loads_nothing_of_models() -> None:
    heavy = "'agent_framework', 'openai', 'tidings.llm.openai_compatible', 'tidings.net.client'"
    code = (
        f"import sys, tidings.app.wiring, tidings.app.asgi; print([name for name in ({heavy},) if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
