"""A folder of this machine: one file for each posting, written whole or not at all. Works without a network."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from tidings.distribution.channels.base import ChannelDownError, Outcome, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import usual_problems
from tidings.domain.channel import Channel

Kind = Literal["txt", "html", "json", "eml"]


class FolderForm(BaseModel):
    """What a folder needs."""

    directory: str = Field(
        pattern=r"^(/|[A-Za-z]:[\\/]).+", title="Folder", description="A whole path; the folder must be there"
    )
    format: Kind = Field(default="txt", title="Kind of file")


class FolderPoster:
    """Writes a file whose name comes from the posting's key: what is there is never written twice."""

    name = "Folder"

    def __init__(self, form: FolderForm) -> None:
        self._directory, self._kind = Path(form.directory), form.format

    def problems(self, post: Post) -> list[str]:
        """Nothing but an empty text."""
        return usual_problems(Channel.FOLDER, post)

    def post(self, post: Post) -> Posted:
        """The file is complete and on disk when this returns; a power cut leaves all of it or nothing."""
        path = self._path(post)
        if path.exists():
            return self._accepted(path, "the file was there already")
        draft = path.with_name(f".{path.name}.part")
        try:
            with draft.open("wb") as file:
                file.write(RENDER[self._kind](post).encode())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync(self._directory)
        except FileNotFoundError as error:
            raise ChannelDownError(f"The folder {self._directory} is not there. Make it.", refused=True) from error
        except PermissionError as error:
            raise ChannelDownError(
                f"Tidings may not write into {self._directory}. Give its user the right to.", refused=True
            ) from error
        except OSError as error:  # a full disk: nothing is there under the file's name
            raise ChannelDownError(f"The file could not be written: {error.strerror}.") from error
        return self._accepted(path, "written")

    def find(self, post: Post) -> Posted | None:
        """Whether the file is there."""
        path = self._path(post)
        if path.exists():
            return self._accepted(path, "the file is there")
        return Posted(Outcome(Result.DEFERRED, "", "the file is not there"))

    def _path(self, post: Post) -> Path:
        words = re.sub(r"[^a-z0-9]+", "-", (post.title or post.text)[:60].lower()).strip("-")[:40] or "posting"
        mark = hashlib.sha256(post.key.encode()).hexdigest()[:12]
        return self._directory / f"{words}-{mark}.{self._kind}"

    def _accepted(self, path: Path, words: str) -> Posted:
        return Posted(Outcome(Result.ACCEPTED, "", words), path.name, path.as_uri())


def _sync(directory: Path) -> None:
    """Makes the new name last through a power cut; systems that cannot open a folder do so by themselves."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def as_text(post: Post) -> str:
    """Title, a blank line, the text."""
    return f"{post.title}\n\n{post.text}\n" if post.title else f"{post.text}\n"


def as_html(post: Post) -> str:
    """A small page of its own."""
    picture = f'<p><img src="{html.escape(post.image_url)}" alt="{html.escape(post.image_alt)}"></p>\n'
    body = "".join("<p>" + html.escape(part).replace("\n", "<br>") + "</p>\n" for part in post.text.split("\n\n"))
    return (
        f'<!doctype html>\n<html lang="{html.escape(post.language)}">\n<meta charset="utf-8">\n'
        f"<title>{html.escape(post.title)}</title>\n<h1>{html.escape(post.title)}</h1>\n"
        f"{picture if post.image_url else ''}{body}"
    )


def as_json(post: Post) -> str:
    """Every field by its name."""
    names = ("key", "title", "text", "link", "image_url", "image_alt", "language")
    return json.dumps({name: getattr(post, name) for name in names}, ensure_ascii=False, indent=2) + "\n"


def as_mail(post: Post) -> str:
    """A mail without sender and receiver, as other programs import it."""
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(post.title.split()) or "Posting"
    message["Message-ID"] = f"<{hashlib.sha256(post.key.encode()).hexdigest()[:24]}@tidings.invalid>"
    message["Content-Language"] = post.language
    message.set_content(post.text)
    return message.as_string()


RENDER = {"txt": as_text, "html": as_html, "json": as_json, "eml": as_mail}
"""How each kind of file is written."""

PROVIDER = Provider(
    name="folder", title="Folder", channel=Channel.FOLDER, form=FolderForm,
    poster=lambda form, _outbound: FolderPoster(form),
    about="Writes each posting as a file into a folder of the machine Tidings runs on; needs no network.",
)  # fmt: skip
