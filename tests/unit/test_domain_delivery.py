"""What a server said of a delivery, in one line."""

from __future__ import annotations

import pytest

from tidings.domain.delivery import server_said


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        ("250 2.0.0", "2.0.0 Ok: queued", "250 2.0.0 Ok: queued"),
        ("250 2.0.0", "Ok", "250 2.0.0 Ok"),
        ("250", "2.0.0 Ok", "250 2.0.0 Ok"),
        ("", "no network", "no network"),
        ("", "", ""),
    ],
)
def test_the_enhanced_code_is_said_once(code: str, words: str, said: str) -> None:
    assert server_said(code, words) == said
