"""A file that goes with a campaign's mail: which names and kinds may, and how large all of them may be together.

What is refused is what large receivers refuse or quarantine: programs, scripts, documents with macros, and archives
that hold them or cannot be looked into. A name's ending is not believed alone: the first bytes are looked at too.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from tidings.domain.errors import InvalidInputError

MEGABYTE = 1024 * 1024
DEFAULT_LIMIT = 5 * MEGABYTE
"""Bytes as they stand in the mail, all attachments together."""
MOST = 10
_LONGEST_NAME = 120
_LINE = 76
_IN_A_LINE = 57
MEDIA_TYPES = {
    "pdf": "application/pdf", "txt": "text/plain", "csv": "text/csv", "ics": "text/calendar", "vcf": "text/vcard",
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "mp3": "audio/mpeg", "mp4": "video/mp4", "zip": "application/zip", "rtf": "application/rtf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "json": "application/json", "md": "text/markdown",
}  # fmt: skip
_ENDINGS = (
    "ade adp apk app appx appxbundle bas bat bin cab chm class cmd com cpl deb diagcab dll dmg docm dotm elf exe"
    " gadget hlp hta htm html img inf ins iso isp jar jnlp js jse ksh lib lnk mad maf mam maq mar mas mat mda mdb mde"
    " mdt mdw mdz mht mhtml mjs msc msh msi msix msixbundle msp mst nsh ocx one ops osd pcd pif pkg pl potm ppam ppsm"
    " pptm prf ps1 psd1 psm1 py reg rpm run scf scr sct sh shb shs shtml sldm svg svgz sys tmp url vb vba vbe vbs vhd"
    " vhdx vxd wasm wim ws wsc wsf wsh xhtml xlam xll xlm xlsb xlsm xltm xnk"
)
_REFUSED = frozenset(_ENDINGS.split())
_PROGRAMS = (
    b"MZ", b"\x7fELF", b"#!", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe", b"L\x00\x00\x00\x01\x14\x02\x00", b"dex\n", b"\x00asm",
)  # fmt: skip
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_MACROS = ("_VBA_PROJECT".encode("utf-16-le"), "Macros".encode("utf-16-le"), b"Attribut\x00e VB_")
_ENTRIES = 2000
_ALLOWED = "Send a PDF, a picture or a plain document instead, or put the file on your site and link to it."


class Attachment(BaseModel):
    """A file as a revision and a launched message name it; its bytes stand in the table `attachment`."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    media_type: str
    size: int
    """Bytes of the file itself."""
    digest: str
    """SHA-256 of its bytes, hexadecimal: an approval names exactly these bytes."""


def attachment_of(attachment_id: str, name: str, content: bytes) -> Attachment:
    """The file, looked at. Raises InvalidInputError that says why it is refused."""
    name = checked_name(name)
    _check_content(name, content)
    return Attachment(
        id=attachment_id, name=name, media_type=MEDIA_TYPES.get(ending(name), "application/octet-stream"),
        size=len(content), digest=digest_of(content),
    )  # fmt: skip


def digest_of(content: bytes) -> str:
    """What an `Attachment` keeps of its bytes."""
    return hashlib.sha256(content).hexdigest()


def ending(name: str) -> str:
    """What stands after the last dot, as systems read it: in small letters, without dots and spaces at the end."""
    return name.strip(" .").rpartition(".")[2].casefold() if "." in name.strip(" .") else ""


def checked_name(name: str) -> str:
    """The name as it will stand in the mail. Raises InvalidInputError."""
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise _refused(
            f"A file's name has 1 to {_LONGEST_NAME} characters.", "Give it a name, for example programme.pdf."
        )
    if any(letter in '/\\:*?"<>|' or not letter.isprintable() for letter in name):
        raise _refused(
            f"The name {_shown(name)!r} holds characters a file's name cannot have.",
            "Use letters, digits, spaces, hyphens and one dot.",
        )
    kind = ending(name)
    if not kind:
        raise _refused(f"{name!r} has no ending, so nobody could open it.", "Name it like programme.pdf.")
    if kind in _REFUSED:
        raise _refused(f"Files ending in .{kind} are not sent: receivers refuse them as dangerous.", _ALLOWED)
    return name


def _check_content(name: str, content: bytes) -> None:
    if not content:
        raise _refused(f"{name} is empty.", "Choose the file again.")
    if content.startswith(_PROGRAMS):
        raise _refused(f"{name} is a program, whatever its name says; receivers refuse such files.", _ALLOWED)
    if content.startswith(_OLE) and any(sign in content for sign in _OLE_MACROS):
        raise _refused(f"{name} holds macros; receivers refuse such files.", f"Save it without macros. {_ALLOWED}")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        _check_archive(name, content)


def _check_archive(name: str, content: bytes) -> None:
    """Also office documents: they are archives, and their macros a file in them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise _refused(f"{name} cannot be looked into: it is damaged.", "Make the file anew.") from error
    if len(entries) > _ENTRIES:
        raise _refused(f"{name} holds more than {_ENTRIES} files.", _ALLOWED)
    for entry in entries:
        inner = entry.filename.rpartition("/")[2]
        if entry.flag_bits & 1:
            raise _refused(f"{name} is locked with a password, so receivers cannot look into it.", _ALLOWED)
        if inner.casefold() in {"vbaproject.bin", "vbadata.xml"}:
            raise _refused(f"{name} holds macros; receivers refuse such files.", f"Save it without macros. {_ALLOWED}")
        if ending(name) == "zip" and (ending(inner) in _REFUSED or ending(inner) in {"zip", "7z", "rar", "gz"}):
            raise _refused(f"{name} holds {_shown(inner)!r}, a kind of file that receivers refuse.", _ALLOWED)


def encoded_size(size: int) -> int:
    """Bytes of base64 in lines of 76 (RFC 2045), line ends included."""
    lines, rest = divmod(size, _IN_A_LINE)
    return lines * (_LINE + 2) + (((rest + 2) // 3) * 4 + 2 if rest else 0)


def weight(attachments: Iterable[Attachment]) -> int:
    """What they add to every mail, in bytes."""
    return sum(encoded_size(each.size) for each in attachments)


def check_together(attachments: Iterable[Attachment], limit: int = DEFAULT_LIMIT) -> None:
    """Raises InvalidInputError when they are too many, too large together, or two have the same name."""
    every = list(attachments)
    if len(every) > MOST:
        raise _refused(f"A mail carries at most {MOST} attachments.", "Put them into one file.")
    names = [each.name.casefold() for each in every]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _refused(f"There is an attachment {twice!r} already.", "Remove that one first, or use another name.")
    total = weight(every)
    if total > limit:
        raise _refused(
            f"The attachments would add {total / MEGABYTE:.1f} MB to each mail; the most is {limit / MEGABYTE:.1f} MB.",
            "Make the files smaller, or put them on your site and link to them.",
        )


def _refused(message: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(message, remedy=remedy, field="attachment")


def _shown(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode("ascii")[:80]
