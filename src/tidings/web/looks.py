"""Messages looked at and not kept, for the moment it takes a frame to fetch them."""

from __future__ import annotations

import base64
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable

_MOST = 64


class Looks:
    """The last few, each for the one person who asked. Safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, actor_id: str, html: str) -> str:
        """Keeps a message and gives its name."""
        name = secrets.token_hex(16)
        with self._lock:
            self._kept[name] = (actor_id, html)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return name

    def find(self, actor_id: str, name: str) -> str | None:
        """The message of that name, for whoever it was kept for."""
        with self._lock:
            owner, html = self._kept.get(name, ("", ""))
        return html if owner and owner == actor_id else None


_OWN = re.compile(r'(<img\b[^>]*?\bsrc=")https://[^"/]+(?::\d+)?/i/([0-9a-f]{32}\.[a-z]+)"')


def with_own_pictures(html: str, fetch: Callable[[str], tuple[str, bytes] | None]) -> str:
    """The message with this installation's own pictures inside: a preview's frame may load nothing from anywhere."""

    def inside(found: re.Match[str]) -> str:
        picture = fetch(found[2])
        if picture is None:
            return found[0]
        media_type, content = picture
        return f'{found[1]}data:{media_type};base64,{base64.b64encode(content).decode("ascii")}"'

    return _OWN.sub(inside, html)
