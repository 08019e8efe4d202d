"""A picture for mails: what it is by its bytes, how large, and without what it should not tell.

Kinds: PNG (W3C PNG 3, chunks), JPEG (ISO 10918-1, marker segments), GIF (89a) and WebP (RFC 9649). What a camera adds
about the place and the person (EXIF, XMP, IPTC, comments) is left out; the picture's own bytes stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from tidings.domain.errors import InvalidInputError

LARGEST = 2 * 1024 * 1024
"""Bytes of one picture: a reader on a phone pays for them."""
MOST_PIXELS = 5_000
_PNG = b"\x89PNG\r\n\x1a\n"
# What a PNG needs to be shown as it was meant; all else (tEXt, iTXt, zTXt, eXIf, tIME …) stays behind.
_PNG_KEPT = frozenset({
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"acTL",
    b"fcTL", b"fdAT",
})  # fmt: skip
_SIZES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be kept. `content` is what receivers get."""

    media_type: str
    width: int
    height: int
    content: bytes

    @property
    def extension(self) -> str:
        """What its address ends with."""
        return _EXTENSIONS[self.media_type]


def read_picture(content: bytes) -> Picture:
    """The picture in these bytes. Raises InvalidInputError when they are none, cut short, or too large."""
    if not content:
        raise InvalidInputError("There is no picture.", remedy="Choose a file first.", field="file")
    if len(content) > LARGEST:
        raise InvalidInputError(
            f"The picture has {len(content) / 1024 / 1024:.1f} MB; at most {LARGEST // 1024 // 1024} MB can be sent.",
            remedy="Save it smaller, about 1200 pixels wide.", field="file",
        )  # fmt: skip
    try:
        found = _read(content)
    except (IndexError, struct.error, ValueError):
        raise InvalidInputError(
            "The picture is damaged or cut short.", remedy="Save it again and upload that.", field="file"
        ) from None
    if not 1 <= found.width <= MOST_PIXELS or not 1 <= found.height <= MOST_PIXELS:
        raise InvalidInputError(
            f"The picture is {found.width} × {found.height} pixels.",
            remedy=f"Each side may have 1 to {MOST_PIXELS}.", field="file",
        )  # fmt: skip
    return found


def _read(content: bytes) -> Picture:
    if content.startswith(_PNG):
        return _png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content[:6] in {b"GIF87a", b"GIF89a"}:
        width, height = struct.unpack_from("<HH", content, 6)
        return Picture("image/gif", width, height, _gif(content))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    raise InvalidInputError(
        "That is no picture mail programs show.", remedy="Use PNG, JPEG, GIF or WebP.", field="file"
    )


def _png(content: bytes) -> Picture:
    at, kept, names = len(_PNG), [_PNG], list[bytes]()
    while at < len(content) and b"IEND" not in names:
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise ValueError("cut short")
        names.append(name)
        if name in _PNG_KEPT:
            kept.append(content[at:end])
        at = end
    if names[:1] != [b"IHDR"] or b"IDAT" not in names or names[-1] != b"IEND":
        raise ValueError("no picture inside")
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    return Picture("image/png", width, height, b"".join(kept))


def _jpeg(content: bytes) -> Picture:
    """Segments up to the scan; APPn are dropped but for JFIF, the ICC profile and Adobe's colour transform."""
    kept, size, turned = [b"\xff\xd8"], (0, 0), 1
    for marker, segment, end in _segments(content):
        body = segment[4:]
        if marker in _SIZES:
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            turned = _orientation(body[6:])
            if turned != 1:  # without it the picture would lie on its side
                kept.append(_upright(turned))
        told = (marker == 0xE0 and body.startswith(b"JFIF")) or (marker == 0xE2 and body.startswith(b"ICC_PROFILE"))
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or told or (marker == 0xEE and body.startswith(b"Adobe")):
            kept.append(segment)
        if marker == 0xDA:
            last = content.rfind(b"\xff\xd9")
            if last < end or size == (0, 0):
                raise ValueError("cut short")
            kept.append(content[end : last + 2])
    if size == (0, 0):
        raise ValueError("no picture inside")
    width, height = size[::-1] if turned >= 5 else size
    return Picture("image/jpeg", width, height, b"".join(kept))


def _segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, whole segment and its end, up to and with the start of the scan."""
    at = 2
    while True:
        while content[at + 1] == 0xFF:  # fill bytes
            at += 1
        if content[at] != 0xFF:
            raise ValueError("no marker")
        marker = content[at + 1]
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if end > len(content) or length < 2:
            raise ValueError("cut short")
        yield marker, content[at:end], end
        if marker == 0xDA:
            return
        at = end


def _orientation(tiff: bytes) -> int:
    """How the camera was held (EXIF tag 0x0112), 1 to 8; 1 where it does not say."""
    try:
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(count):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == 0x0112:
                return value if 1 <= value <= 8 else 1
    except (KeyError, struct.error):
        pass
    return 1


def _upright(orientation: int) -> bytes:
    """An EXIF segment that says nothing but how the picture is turned."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _gif(content: bytes) -> bytes:
    """Without comments and application data, but with what makes it move in a loop."""
    at = 13 + (3 * 2 ** ((content[10] & 7) + 1) if content[10] & 0x80 else 0)
    kept, seen = [content[:at]], False
    while content[at] != 0x3B:
        begun = at
        if content[at] == 0x2C:
            seen, flags = True, content[at + 9]
            at = _after_blocks(content, at + 11 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0))
            kept.append(content[begun:at])
        elif content[at] == 0x21:
            label = content[at + 1]
            at = _after_blocks(content, at + 2)
            looping = label == 0xFF and content[begun + 3 : begun + 14] in {b"NETSCAPE2.0", b"ANIMEXTS1.0"}
            if label == 0xF9 or looping:
                kept.append(content[begun:at])
        else:
            raise ValueError("no block")
    if not seen:
        raise ValueError("no picture inside")
    return b"".join([*kept, b"\x3b"])


def _after_blocks(content: bytes, at: int) -> int:
    while content[at]:
        at += 1 + content[at]
    return at + 1


def _webp(content: bytes) -> Picture:
    kept, size, at = list[bytes](), (0, 0), 12
    end = min(len(content), 8 + struct.unpack_from("<I", content, 4)[0])
    while at + 8 <= end:
        name, (length,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        body, following = content[at + 8 : at + 8 + length], at + 8 + length + (length & 1)
        if len(body) < length:
            raise ValueError("cut short")
        size = size if size != (0, 0) else _webp_size(name, body)
        if name == b"VP8X":  # it no more says that EXIF and XMP follow
            body = bytes([body[0] & ~0x0C]) + body[1:]
        if name not in _WEBP_DROPPED:
            kept.append(name + struct.pack("<I", length) + body + b"\0" * (length & 1))
        at = following
    if size == (0, 0):
        raise ValueError("no picture inside")
    whole = b"WEBP" + b"".join(kept)
    return Picture("image/webp", *size, b"RIFF" + struct.pack("<I", len(whole)) + whole)


def _webp_size(name: bytes, body: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0
