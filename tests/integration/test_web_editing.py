"""The editor's pages on the real services: without a script, in a real browser, in both themes and on a phone."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.integration.test_campaigns_editing import FIELDS, Desk, desk, png
from tests.integration.test_web_browser import ARGUMENTS, CHROMIUM, DESK, EXPECTED_WORDS, PHONE, axe, browser

from tidings.app.asgi import build_asgi
from tidings.campaigns.editing import DraftChange
from tidings.domain.brief import parse_brief
from tidings.store.database import Database
from tidings.web.block_form import acted
from tidings.web.looks import with_own_pictures

__all__ = ["ARGUMENTS", "CHROMIUM", "browser", "desk"]
SHOTS = os.environ.get("TIDINGS_SHOTS", "")


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One kind is enough for pages; the services beneath are tested on both."""
    return sqlite_database


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    headers = {"sec-fetch-site": "same-origin"}
    app = build_asgi(desk.house)
    with TestClient(app, base_url="https://localhost", follow_redirects=False, headers=headers) as client:
        token = desk.house.services.access.create_sign_in_link(desk.author.id)
        assert client.post("/sign-in/link", data={"token": token}).status_code == 303
        yield client


def fields_of(page: str) -> dict[str, Any]:
    """The editor's fields as a browser would send them."""
    form = page[page.index('<form id="editor"') : page.index("</form>", page.index('<form id="editor"'))]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form):
        found[name] = unescape(value)
    for name, value in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)</textarea>', form):
        found[name] = unescape(value)
    return found


def test_without_a_script_blocks_move_and_nothing_is_saved_before_save(client: TestClient, desk: Desk) -> None:
    base, before = f"/campaigns/{desk.id}/edit/A", desk.now
    fields = fields_of(client.get(base).text)
    assert fields["b0_kind"] == "heading"
    moved = client.post(f"{base}/blocks", data={**fields, "act": "down:0"})
    assert "Now block 2 of" in moved.text
    assert 'id="down-1"' in moved.text
    again = fields_of(moved.text)
    assert again["b1_text"] == fields["b0_text"]
    assert desk.now == before
    saved = client.post(f"{base}/save", data={**again, "subject": "A bread workshop"})
    assert saved.status_code == 303
    assert [block.kind for block in desk.draft().blocks][:2] == ["text", "heading"]
    assert desk.draft().subject == "A bread workshop"


def test_a_block_can_be_shown_to_some_readers(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}/edit/A"
    fields = fields_of(client.get(base).text)
    some = {"b1_only": "country is", "b1_only_value": "AT"}
    moved = client.post(f"{base}/blocks", data={**fields, **some, "act": "down:1"}).text
    assert '<option value="country is" selected>' in moved
    assert fields_of(moved)["b2_only_value"] == "AT"
    assert client.post(f"{base}/save", data={**fields, **some}).status_code == 303
    only = desk.draft().blocks[1].only
    assert only is not None
    assert only.liquid == 'contact.country == "AT"'
    assert "Only for readers whose country is AT:" in client.get(f"/campaigns/{desk.id}").text
    fields = fields_of(client.get(base).text)
    wrong = client.post(f"{base}/save", data={**fields, **some, "b1_only_value": ""})
    assert "the readers it is for cannot be used" in wrong.text.lower()
    assert client.post(f"{base}/save", data={**fields, "b1_only": ""}).status_code == 303
    assert desk.draft().blocks[1].only is None


def test_findings_stand_at_their_block_in_the_live_preview(client: TestClient, desk: Desk) -> None:
    base, before = f"/campaigns/{desk.id}/edit/A", desk.draft()
    fields = fields_of(client.get(base).text)
    shown = client.post(f"{base}/look", data={**fields, "b0_text": "It costs 99 euros."}).text
    block = shown[shown.index('id="found-0"') : shown.index('id="found-1"')]
    assert "99" in block
    frame = re.search(r'src="([^"]+/look/[0-9a-f]{32})"', shown)
    assert frame is not None
    assert "99 euros" in client.get(frame[1]).text
    assert client.get(frame[1][:-4] + "0000").status_code == 404
    assert desk.draft() == before


def test_after_a_conflict_what_was_typed_is_still_there(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}/edit/A"
    fields = fields_of(client.get(base).text)
    desk.house.services.editing.save(desk.approver, desk.id, "A", DraftChange(subject="Somebody else was first"))
    late = client.post(f"{base}/save", data={**fields, "subject": "My own words"})
    assert late.status_code == 409
    assert "Somebody saved a revision meanwhile" in late.text
    assert fields_of(late.text)["subject"] == "My own words"
    assert desk.draft().subject == "Somebody else was first"
    assert client.post(f"{base}/save", data=fields_of(late.text)).status_code == 303
    assert desk.draft().subject == "My own words"


def test_a_block_that_cannot_be_used_is_named_and_kept(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}/edit/A"
    fields = fields_of(client.get(base).text)
    wrong = {**fields, "b99_kind": "image", "b99_url": "", "b99_alt": "A loaf", "b99_width": "600"}
    answer = client.post(f"{base}/save", data=wrong)
    assert answer.status_code == 422
    said = answer.text
    place = len(desk.draft().blocks)
    assert f"Block {place + 1}: choose a picture for this block." in said
    at = said[said.index(f'id="block-{place}"') : said.index("</fieldset>", said.index(f'id="block-{place}"'))]
    assert at.count("Choose a picture for this block.") == 1
    assert 'value="A loaf"' in at


def test_an_unfinished_block_leaves_the_preview_and_says_what_it_lacks(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}/edit/A"
    fields = fields_of(client.get(base).text)
    moved = {name.replace("b", "b1", 1) if re.match(r"b\d_", name) else name: value for name, value in fields.items()}
    first = {"b0_kind": "image", "b0_url": "", "b0_alt": "", "b0_width": "600"}
    more = {"b98_kind": "button", "b98_label": "Go", "b98_url": "", "b10_text": "It costs 99 euros."}
    shown = client.post(f"{base}/look", data={**moved, **first, **more}).text
    last = len(desk.draft().blocks) + 1
    notes = dict(re.findall(r'<div id="found-(\w+)" hx-swap-oob="innerHTML">(.*?)</div>', shown, re.DOTALL))
    assert "Choose a picture for this block." in notes["0"]
    assert "99" in notes["1"], "findings keep the numbers of the form"
    assert "Say where it leads" in notes[str(last)]
    assert f"Blocks 1, {last + 1} are not finished and left out here" in shown
    frame = re.search(r'src="([^"]+/look/[0-9a-f]{32})"', shown)
    assert frame is not None
    assert "99 euros" in client.get(frame[1]).text
    alone = client.post(f"{base}/look", data={**moved, **first}).text
    assert "Block 1 is not finished and left out here" in alone
    added = client.post(f"{base}/blocks", data={**fields, "act": "add:image"}).text
    assert "Choose a picture for this block." in added


def test_an_empty_subject_leaves_the_preview_which_shows_the_saved_one(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}/edit/A"
    fields = {**fields_of(client.get(base).text), "subject": "  "}
    shown = client.post(f"{base}/look", data=fields).text
    assert "The subject is empty: what stands here is the saved one." in shown
    assert f'<dd class="break-words">{desk.draft().subject}</dd>' in unescape(shown)
    assert "/look/" in shown
    saved = client.post(f"{base}/save", data=fields)
    assert saved.status_code == 422
    assert "A mail needs a subject." in saved.text
    assert "The subject is empty" not in client.post(f"{base}/look", data={**fields, "subject": "Bread"}).text


def test_comments_suggestions_revisions_and_pictures_have_their_pages(client: TestClient, desk: Desk) -> None:
    base = f"/campaigns/{desk.id}"
    assert "From revision" not in client.get(f"{base}/revisions").text  # there is nothing to compare yet
    assert client.post(f"{base}/review/A/comments", data={"text": "Shorter <b>", "block": "0"}).status_code == 303
    asked = client.post(f"{base}/review/A/suggest", data={})
    assert asked.status_code == 200
    assert "Shorter &lt;b&gt;" in asked.text
    found = desk.house.services.suggestions.suggestions(desk.author, desk.id)
    answer = client.post(f"{base}/review/A/suggestions/{found[0].id}", data={"answer": "accept"})
    assert answer.status_code == 303
    assert desk.draft().subject == found[0].after
    page = client.get(f"{base}/revisions").text
    assert "From revision 1 to 2" in page
    assert client.post(f"{base}/revisions/1/restore").status_code == 303
    brand = desk.now.row.brand_id
    files = {"file": ("loaf.png", png(), "image/png")}
    assert client.post(f"/images/{brand}", data={"alt": "A loaf"}, files=files).status_code == 303
    address = re.search(r'src="(/i/[0-9a-f]{32}\.png)"', client.get(f"/images/{brand}").text)
    assert address is not None
    client.cookies.clear()
    picture = client.get(address[1])
    assert (picture.status_code, picture.headers["content-type"], picture.content) == (200, "image/png", png())
    assert "immutable" in picture.headers["cache-control"]
    assert client.get(address[1], headers={"if-none-match": picture.headers["etag"]}).status_code == 304
    assert client.get("/i/../etc/passwd").status_code in {303, 404}
    assert client.post(address[1]).status_code == 405


def test_each_variant_has_one_tab_however_many_channels_say_it(client: TestClient, desk: Desk) -> None:
    brief = parse_brief({**FIELDS, "name": "Three channels", "channels": ["email", "feed", "folder"]})
    base = f"/campaigns/{desk.house.services.campaigns.create(desk.author, brief).row.id}"
    desk.jobs.turn()
    for page in ("edit", "review", "origin"):
        text = client.get(f"{base}/{page}/A").text
        tabs = re.findall(rf'href="{base}/{page}/([^"]+)">([^<]+)</a>', text)
        copies = [("A?channel=feed", "Feed"), ("A?channel=folder", "Folder")] if page == "origin" else []
        assert tabs == [("A", "Variant A"), ("B", "Variant B"), *copies], page
        assert text[: text.index("</nav>", text.index(tabs[0][1]))].count('aria-current="true"') == 1
    shown = re.findall(r'<h3 id="(diff-[^"]+)"[^>]*>([^<]+)</h3>', _edited(client, base))
    assert sorted(shown) == [
        ("diff-A", "Variant A"), ("diff-B", "Variant B"), ("diff-feed-A", "Feed"), ("diff-folder-A", "Folder"),
    ]  # fmt: skip


def test_the_record_of_a_copy_is_that_copys(client: TestClient, desk: Desk) -> None:
    brief = parse_brief({**FIELDS, "name": "Three channels", "channels": ["email", "feed", "folder"]})
    made = desk.house.services.campaigns.create(desk.author, brief)
    desk.jobs.turn()
    base = f"/campaigns/{made.row.id}"
    edited = desk.house.services.campaigns.edit_draft(
        desk.author, made.row.id, "A", subject=None, preheader=None, texts={0: FIELDS["facts"][1]}, channel="feed"
    )
    assert edited.revision is not None
    links = re.findall(rf'href="({base}/origin/[^"]+)">The whole record', client.get(base).text)
    channels = [draft.channel for draft in edited.revision.drafts]
    assert links == [
        f"{base}/origin/{draft.variant}" + (f"?channel={draft.channel}" if draft.channel != "email" else "")
        for draft in edited.revision.drafts
    ]
    for link, draft in zip(links, edited.revision.drafts, strict=True):
        page = client.get(link).text
        sentences = [" ".join(each.split()) for each in re.findall(r'flex-1 break-words">([^<]*)', page)]
        assert sentences == [trace.sentence for trace in draft.traces] or draft.channel == "email", link
        assert ("edited by a person" in page) is (draft.channel == "feed"), link
    assert set(channels) == {"email", "feed", "folder"}
    assert client.get(f"{base}/origin/A?channel=sms").status_code == 422


def test_facts_that_contradict_each_other_are_named_once_for_all_drafts(client: TestClient, desk: Desk) -> None:
    facts = [*FIELDS["facts"], "It costs £4.", "It costs £5."]
    brief = parse_brief({**FIELDS, "name": "Two prices", "facts": facts, "channels": ["email", "feed"]})
    made = desk.house.services.campaigns.create(desk.author, brief)
    desk.jobs.turn()
    page = client.get(f"/campaigns/{made.row.id}").text
    assert page.count("“It costs £4.” and “It costs £5.” contradict each other.") == 1
    assert page.index("Found in the brief") < page.index('id="draft-A"')
    assert "Every check passed" not in page


def _edited(client: TestClient, base: str) -> str:
    """The page of revisions, once there are two."""
    fields = fields_of(client.get(f"{base}/edit/A").text) | {"subject": "Bread, baked by you"}
    assert client.post(f"{base}/edit/A/save", data=fields).status_code == 303
    return client.get(f"{base}/revisions").text


def test_html_is_read_into_the_form_and_drafts_leave_as_files(client: TestClient, desk: Desk) -> None:
    base, before = f"/campaigns/{desk.id}/edit/A", desk.now
    source = b"<h1>Come</h1><p>It is a bread workshop for beginners.</p><script>x</script><form></form>"
    page = client.post(f"{base}/import", files={"file": ("mail.html", source, "text/html")})
    assert "2 blocks read" in page.text
    assert "&lt;script&gt;" in page.text
    assert "1 feature of the HTML that most mail programs do not show" in page.text
    assert "A button leads to a page with the form." in page.text
    fields = fields_of(page.text)
    assert (fields["b0_text"], fields["b2_kind"]) == ("Come", "footer")
    assert desk.now == before
    for form in ("html", "mjml", "text"):
        file = client.get(f"{base}/export?form={form}")
        assert "attachment" in file.headers["content-disposition"]
        assert "https://northwind.example.com/workshop" in file.text
        assert "links[" not in file.text
        assert "{{ contact.first_name" in file.text
    assert client.get(f"{base}/export?form=pdf").status_code == 422
    page = client.get(f"{base}/print")
    assert "northwind.example.com/workshop" in page.text
    assert "https://northwind" not in page.text
    assert "contact." not in page.text
    assert "unsubscribe" not in page.text.lower()
    assert "sandbox" in page.headers["content-security-policy"]
    assert client.get(f"{base}/export?form=print").text in page.text.replace(
        page.text[page.text.index("<base") : page.text.index("</head>")], ""
    )
    assert f'href="{base}/print"' in client.get(base).text
    assert f'href="{base}/print"' in client.get(f"/campaigns/{desk.id}/preview/A").text
    assert "No model wrote in it" in client.get(f"/campaigns/{desk.id}/origin/A").text


def test_the_buttons_of_the_form() -> None:
    blocks = [{"kind": "heading", "text": "a"}, {"kind": "text", "text": "b"}, {"kind": "footer", "text": "c"}]
    assert [block["kind"] for block in acted(blocks, "add:image").blocks] == ["heading", "text", "image", "footer"]
    assert acted(blocks, "up:1").focus == "up-0"
    assert [block["kind"] for block in acted(blocks, "remove:1").blocks] == ["heading", "footer"]
    for nothing in ("up:0", "down:2", "up:9", "sing:1", "add:song", "", "remove:-1"):
        assert acted(blocks, nothing).blocks == blocks


def test_own_pictures_are_shown_inside_and_foreign_ones_stay_addresses() -> None:
    own = f'<img alt="x" src="https://t.example.com/i/{"a" * 32}.png">'
    html = own + '<img src="https://elsewhere.example.net/x.png">'
    shown = with_own_pictures(html, lambda name: ("image/png", b"xyz") if name == f"{'a' * 32}.png" else None)
    assert "data:image/png;base64,eHl6" in shown
    assert "elsewhere.example.net" in shown


# In a real browser


@pytest.fixture
def visitor(browser: Any, desk: Desk) -> Iterator[Any]:
    import uvicorn

    app = build_asgi(desk.house)
    said: list[str] = []
    with TestClient(app, base_url="https://localhost", follow_redirects=False) as client:
        token = desk.house.services.access.create_sign_in_link(desk.author.id)
        client.post("/sign-in/link", data={"token": token}, headers={"sec-fetch-site": "same-origin"})
        cookie = client.cookies["__Host-tidings"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        address = f"http://localhost:{listener.getsockname()[1]}"
        opened: list[Any] = []

        def open_page(scheme: str = "light", size: dict[str, int] = DESK) -> Any:
            context = browser.new_context(color_scheme=scheme, viewport=size, base_url=address)
            context.add_cookies([{
                "name": "__Host-tidings", "value": cookie, "url": address.replace("http:", "https:"), "secure": True,
                "httpOnly": True, "sameSite": "Lax",
            }])  # fmt: skip
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("console", lambda each: said.append(each.text) if each.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: said.append(str(error)))
            opened.append(context)
            return page

        yield open_page
        for context in opened:
            context.close()
        server.should_exit = server.force_exit = True
        thread.join(10)
    assert [text for text in said if not any(words in text for words in EXPECTED_WORDS)] == []


@pytest.mark.browser
def test_the_editor_is_worked_by_keyboard_with_a_live_preview(visitor: Any, desk: Desk) -> None:
    page = visitor()
    page.goto(f"/campaigns/{desk.id}/edit/A")
    page.frame_locator("iframe.mail-frame").locator("h1").wait_for()
    first = page.locator("#b0-text").input_value()
    page.locator("#down-0").focus()
    page.keyboard.press("Enter")
    page.locator("#down-1:focus").wait_for()
    assert page.locator("#b1-text").input_value() == first
    page.locator("#b0-text").fill("It costs 99 euros.")
    page.locator("#found-0 >> text=99").first.wait_for()
    page.frame_locator("iframe.mail-frame").locator("text=99 euros").wait_for()
    page.locator("#subject").press("Enter")  # saves nothing, moves nothing
    page.locator("#subject").fill("A bread workshop")
    page.locator("#b0-text").fill("You get a sourdough starter to take home.")
    page.locator("button:has-text('Line')").click()
    page.locator("legend:has-text('Line') >> nth=1").wait_for(state="attached")
    assert page.locator("#subject").input_value() == "A bread workshop"
    page.locator("#save").click()
    page.wait_for_url(f"**/campaigns/{desk.id}")
    assert desk.draft().subject == "A bread workshop"
    assert "divider" in {block.kind for block in desk.draft().blocks}


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_phone(visitor: Any, desk: Desk, scheme: str) -> None:
    services, brand = desk.house.services, desk.now.row.brand_id
    services.comments.add(desk.author, desk.id, "A", "Shorter, please.", block=0)
    services.comments.add(desk.author, desk.id, "A", "A good one.")
    picture = services.images.upload(desk.author, brand, png(300, 120), "A loaf of bread on a board")
    image = {"kind": "image", "url": picture.url, "alt": picture.alt, "width": 300}
    more = [{"kind": "columns", "texts": ["One.", "Two."]}, {"kind": "quote", "text": "Lovely.", "source": "Ada"}]
    product = {"kind": "product", "name": "Rye", "text": "A loaf.", "url": "https://northwind.example.com/rye"}
    blocks = [*desk.blocks(), image, *more, product]
    services.templates.save(desk.author, desk.id, "A", "Workshop")
    services.editing.save(desk.author, desk.id, "A", DraftChange(subject="It costs 99 euros", blocks=blocks))
    services.suggestions.suggest(desk.author, desk.id, "B")
    page, checker = visitor(scheme, PHONE if scheme == "light" else DESK), axe()
    base, found = f"/campaigns/{desk.id}", dict[str, Any]()
    paths = [f"{base}/edit/A", f"{base}/review/A", f"{base}/review/B", f"{base}/revisions", f"/images/{brand}",
             f"{base}/preview/A", base, f"{base}/origin/A"]  # fmt: skip
    for path in paths:
        page.goto(path)
        if "/edit/" in path:
            page.frame_locator("iframe.mail-frame").locator("h1").wait_for()
        page.evaluate(checker)
        violations = page.evaluate("axe.run({resultTypes: ['violations']}).then(result => result.violations)")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if violations or wide > 0:
            found[path] = [wide, *((one["id"], one["nodes"][0]["html"][:200]) for one in violations)]
        if SHOTS:
            name = path.strip("/").replace("/", "-").replace(desk.id, "c")
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{scheme}.png"), full_page=True)
    assert found == {}
