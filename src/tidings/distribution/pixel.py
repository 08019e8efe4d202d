"""The pixel that tells that a mail was opened. It stands only in mails of people who have consented to it."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.distribution.places import LinkSlot, Part, joined

PIXEL = -2
"""The pixel among a message's links."""
_END = "</body>"
# A GIF89a of one transparent pixel: 43 bytes.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01"
    b"\x00\x01\x00\x00\x02\x02D\x01\x00;"
)


def with_pixel(html: Sequence[Part], base_url: str) -> list[Part]:
    """The HTML part with the pixel at its end."""
    parts: list[Part] = list(html)
    image: list[Part] = [
        f'<img src="{base_url}/o/', LinkSlot(PIXEL), '.gif" width="1" height="1" alt="" style="display:block">',
    ]  # fmt: skip
    for at in range(len(parts) - 1, -1, -1):
        text = parts[at]
        if isinstance(text, str) and _END in text:
            before, end, after = text.rpartition(_END)
            return joined([*parts[:at], before, *image, end + after, *parts[at + 1 :]])
    return joined([*parts, *image])
