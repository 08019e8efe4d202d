"""What the tests of rendered mails share: a draft of given blocks, its HTML with the places closed, and a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.unit.content_material import brand

from tidings.content.rendering.email import render_email
from tidings.domain.blocks import Block, Button, Columns, Divider, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft
from tidings.domain.message import EmailTemplate

PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_FOR_OUTLOOK = re.compile(r"<!--\[if mso \| IE\]>(.*?)<!\[endif\]-->", re.DOTALL)


def product(name: str) -> Product:
    return Product(name=name, text=f"{name} is made of clay.", url=f"https://napf.example.com/{len(name)}")


EVERY_BLOCK: tuple[Block, ...] = (
    Heading(text="New on our shelves"),
    Text(text='Hello {{ contact.first_name | default: "there" }},\nthree things arrived.\n• Bowls\n• Cups'),
    Image(url="https://napf.example.com/a.png", alt="A bowl on a table", width=600),
    Image(url="https://napf.example.com/b.png", alt="A small cup", width=120),
    Columns(texts=("It is open on Mondays.", "It is closed on Sundays.")),
    Columns(texts=("Monday\n• 9:00 to 12:00", "Tuesday", "Versicherungsüberprüfung")),
    Divider(),
    product("Bowl"),
    product("Teacup"),
    product("Plate"),
    Quote(text="It never leaves my table.", source="Maria, Graz"),
    Button(label="See all", url="https://napf.example.com/all"),
    product("Teapot"),
    Footer(text="You get this because you signed up in our shop."),
)
"""Every block in every form it takes."""


def draft_with(*blocks: Block) -> Draft:
    return Draft(
        variant="A", channel="email", subject="News", preheader="What is new", blocks=blocks, writer="Composer"
    )


def rendered(*blocks: Block, of: Brand | None = None, language: str = "en") -> EmailTemplate:
    return render_email(draft_with(*blocks), of or brand("Napf"), language=language)


def closed(html: str, name: str = "Maria") -> str:
    """The mail as a person would get it, its pictures without a network."""
    html = re.sub(r"\{\{ contact.*?\}\}", name, html)
    html = re.sub(r'src="https://[^"]*"', f'src="{PICTURE}"', html)
    return re.sub(r"\{\{.*?\}\}", "https://example.com/", html)


def as_outlook_reads(html: str) -> str:
    """The HTML with what is meant for Outlook on Windows in place."""
    return re.sub(r"<!--\[if !mso\].*?<!\[endif\]-->", "", _FOR_OUTLOOK.sub(r"\1", html), flags=re.DOTALL)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; skips where there is none."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
