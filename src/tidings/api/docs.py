"""The API's reference as one page: no script, nothing loaded from elsewhere, written from the document itself."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
code{font:0.9em ui-monospace,monospace;overflow-wrap:anywhere}
h2{margin-top:2.5rem;text-transform:capitalize}
h3{margin:1.5rem 0 0}
p{margin:.25rem 0}
ul{margin:.25rem 0;padding-left:1.25rem}
"""


def docs_page(document: dict[str, Any], *, document_url: str) -> HTMLResponse:
    """The page, with a policy under which only its own style counts."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    page = "".join(_page(document, document_url))
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"})


def _page(document: dict[str, Any], document_url: str) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tidings API</title><style>{STYLE}</style>'
    yield '<meta name="viewport" content="width=device-width"></head><body><main><h1>Tidings API</h1>'
    paragraphs = document["info"]["description"].replace("* ", "\n").split("\n")
    yield "".join(f"<p>{_words(line)}</p>" for line in paragraphs if line.strip())
    yield f'<p>To generate a client: <a href="{document_url}">{document_url}</a></p>'
    base = document["servers"][0]["url"]
    heading = ""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] != heading:
                heading = operation["tags"][0]
                yield f"<h2>{escape(heading)}</h2>"
            yield _operation(method.upper(), base + path, operation)
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    needed = " or ".join(operation["x-permissions"]) or "anybody who is signed in"
    given = "".join(_parameter(each) for each in operation.get("parameters", ()))
    body = _body(operation.get("requestBody", {}).get("content", {}))
    return (
        f'<h3 id="{operation["operationId"]}">{_words(operation["summary"])}</h3>'
        f"<p><code>{method} {escape(path)}</code></p><p>{_words(operation['description'])}</p>"
        f"<p>Needs: <code>{escape(needed)}</code></p>{f'<ul>{given}{body}</ul>' if given or body else ''}"
    )


def _parameter(each: dict[str, Any]) -> str:
    optional = "" if each.get("required") else ", optional"
    words = each.get("description") or each["schema"].get("description", "")
    return f"<li><code>{escape(each['name'])}</code> ({each['in']}{optional}) {_words(words)}</li>"


def _body(content: dict[str, Any]) -> str:
    for media_type, each in content.items():
        name = str(each.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        return f"<li>body: <code>{escape(media_type)}</code>{f' <code>{escape(name)}</code>' if name else ''}</li>"
    return ""


def _words(text: str) -> str:
    """Escaped, with `code` as code."""
    parts = escape(" ".join(text.split())).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
