"""A brand's way of measuring, from its settings to the bytes that leave and the requests that come back."""

from __future__ import annotations

import sys
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service

from tidings.app.asgi import build_asgi
from tidings.app.sending import build_sender
from tidings.audience.consents import record
from tidings.audience.selection import may_track
from tidings.campaigns.messages import messages
from tidings.distribution.hooks import Hooks
from tidings.distribution.ledger import Ledger
from tidings.distribution.templates import Addresses, Templates
from tidings.domain.brand import Brand
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import DAY, HOUR
from tidings.domain.message import TRAP
from tidings.settings import Settings, load_settings
from tidings.store.tables import consent, contact, delivery, event, link, suppression

town = service.town
Town = service.Town
BROWSER = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SHOP = "https://northwind.example.com/workshop"
MARKED = (
    f"{SHOP}?utm_source=northwind-bakery&utm_medium=email&utm_campaign=autumn-workshop&utm_content="
    # the variant comes last
)


def measure(given: Town, campaign: Any, **tracking: Any) -> None:
    """Sets the brand's way of measuring."""
    given.house.services.brands.update_brand(service._admin(given), campaign.row.brand_id, {"tracking": tracking})


def sent(given: Town, campaign: Any) -> None:
    """Approved, sent at once, launched."""
    campaigns = given.house.services.campaigns
    ready = given.at(campaign)
    assert ready.revision is not None
    campaigns.approve(given.approver, ready.row.id, ready.revision.id)
    campaigns.send(given.approver, ready.row.id, now=True)
    given.jobs.turn()
    assert given.at(campaign).row.launched_at is not None, given.at(campaign).row.state_reason


def claimed(given: Town) -> list[Any]:
    """What the sender would send now, rendered."""
    worker = build_sender(replace(given.house, relay="smtp://127.0.0.1:9?tls=none"))
    ledger: Ledger = worker._ledger
    templates: Templates = worker._templates
    found = ledger.step(50).claimed
    for each in found:
        templates.fill_in(each, given.clock.now())
    ledger.leave()
    ledger.close()
    return found


def html_of(raw: bytes) -> str:
    message = message_from_bytes(raw, policy=policy.compat32)
    part = next(each for each in message.walk() if each.get_content_type() == "text/html")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def links(given: Town) -> dict[int, tuple[str, bool]]:
    return {row.no: (row.url, row.click_id) for row in service.rows(given, link)}


def test_at_first_links_are_counted_nothing_is_added_and_nobody_gets_a_pixel(town: Town) -> None:
    ready = town.reviewed()
    sent(town, ready)
    assert all("utm_" not in url and not with_id for url, with_id in links(town).values())
    for mail in claimed(town):
        assert b"/o/" not in mail.body
        assert "/t/" in html_of(mail.body)


def test_utm_is_in_the_preview_in_pre_flight_and_in_the_link_table_of_each_variant(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, utm={"on": True}, click_ids=True)
    campaigns = town.house.services.campaigns
    assert ready.revision is not None
    for draft in ready.revision.drafts:
        shown = campaigns.preview(town.author, ready.row.id, variant=draft.variant)
        assert MARKED + draft.variant.lower() in shown.text
    assert len(ready.revision.drafts) > 1
    assert [finding for finding in campaigns.preflight(town.author, ready.row.id) if finding.blocks] == []
    sent(town, ready)
    urls = {url for url, _ in links(town).values()}
    assert {MARKED + draft.variant.lower() for draft in ready.revision.drafts} <= urls
    assert all(with_id for _, with_id in links(town).values())
    table = links(town)
    for mail in claimed(town):
        token = html_of(mail.body).partition("/t/")[2][:24]
        target = table[_number(town, token)][0]
        assert target.endswith(f"utm_content={mail.variant.lower()}")


def _number(given: Town, token: str) -> int:
    from tidings.distribution.tokens import TokenPurpose, TokenSigner

    read = TokenSigner(given.house.secrets.signing_key).read(token, TokenPurpose.CLICK)
    assert read is not None
    return read.link


def test_a_pixel_only_for_those_whose_consent_holds_at_the_moment_of_sending(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, opens=True)
    people = sorted(row.pk for row in service.rows(town, contact))
    yes, over, gone = people[:3]
    now = town.clock.now()
    with town.house.db.transaction() as conn:
        for pk, until in ((yes, None), (over, now + HOUR), (gone, None)):
            word = Consent(Purpose.OPEN_TRACKING, ConsentState.GRANTED, now, "form", "May we see it?", until)
            record(conn, pk, word)
    sent(town, ready)
    town.clock.advance(2 * HOUR)
    with town.house.db.transaction() as conn:
        word = Consent(Purpose.OPEN_TRACKING, ConsentState.WITHDRAWN, town.clock.now(), "page", "")
        record(conn, gone, word)
    found = {mail.contact_pk: mail for mail in claimed(town)}
    assert set(found) == set(people)
    assert [pk for pk, mail in found.items() if "/o/" in html_of(mail.body)] == [yes]


def test_what_is_measured_is_part_of_what_is_approved(town: Town) -> None:
    yes = town.approved()
    measure(town, yes, opens=True)
    with pytest.raises(ConflictError, match="brand was changed"):
        town.house.services.campaigns.send(town.approver, yes.row.id, now=True)


def test_off_leaves_the_links_as_they_are(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, clicks=False, trap=True)
    sent(town, ready)
    for mail in claimed(town):
        html = html_of(mail.body)
        assert f'href="{SHOP}"' in html
        assert "/t/" not in html
        assert "/u/" in html


def test_a_trap_is_hidden_has_its_place_in_the_table_and_passes_pre_flight(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, trap=True)
    findings = town.house.services.campaigns.preflight(town.author, ready.row.id)
    assert [each for each in findings if each.blocks] == []
    sent(town, ready)
    assert links(town)[TRAP][0].startswith("https://northwind.example.com")
    html = html_of(claimed(town)[0].body)
    assert html.count("display:none") >= 1
    assert "aria-hidden" in html


def test_an_own_address_stands_in_every_link_and_is_checked_by_pre_flight(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, url="https://news.northwind.example.com")
    sent(town, ready)
    html = html_of(claimed(town)[0].body)
    assert "https://news.northwind.example.com/t/" in html
    assert "https://news.northwind.example.com/u/" in html
    with pytest.raises(InvalidInputError, match="https"):
        measure(town, ready, url="http://news.northwind.example.com")


def test_variants_with_different_addresses_get_numbers_of_their_own(town: Town) -> None:
    ready = town.reviewed()
    assert ready.revision is not None
    brand = town.house.services.brands.brand(town.author, ready.row.brand_id)
    body = {**brand.model_dump(), "tracking": {"utm": {"on": True}, "trap": True}}
    marked = messages(_revision(town, ready), Brand.model_validate(body), ready.row.id)
    numbers: dict[int, str] = {}
    for template in marked:
        for each in template.links:
            assert numbers.setdefault(each.no, each.url) == each.url
            assert each.no == TRAP or f"links[{each.no}]" in template.html
    assert len(set(numbers.values())) == len(numbers) - (SHOP in numbers.values())


def _revision(given: Town, campaign: Any) -> Any:
    from tidings.campaigns import repository

    with given.house.db.reading() as conn:
        return repository.revision_of(conn, given.at(campaign).revision.id)


# What comes back


async def ask(
    app: Any, path: str, method: str = "GET", body: bytes = b"", host: str = "localhost:8443"
) -> tuple[int, bytes]:
    answers: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(told: Any) -> None:
        answers.append(told)

    parts = urlsplit(path)
    scope = {
        "type": "http", "path": parts.path, "raw_path": parts.path.encode(), "method": method, "root_path": "",
        "headers": [(b"host", host.encode()), (b"user-agent", BROWSER)], "query_string": parts.query.encode(),
        "client": ("203.0.113.9", 1), "server": ("localhost", 8443), "scheme": "https", "http_version": "1.1",
        "state": {}, "app": None,
    }  # fmt: skip
    await app(scope, receive, send)
    return answers[0]["status"], b"".join(each.get("body", b"") for each in answers[1:])


async def test_at_a_tracking_address_there_is_nothing_but_tracking(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, url="https://news.northwind.example.com")
    front = build_asgi(town.house)
    assert (await ask(front, "/sign-in"))[0] == 200
    for path in ("/", "/sign-in", "/api/v1/openapi.json", "/health/live", "/static/app.css"):
        for host in ("news.northwind.example.com", "NEWS.northwind.example.com:443"):
            status, body = await ask(front, path, host=host)
            assert status == 404
            assert b"not valid" in body
    assert (await ask(front, "/o/x.gif", host="news.northwind.example.com"))[0] == 200
    front.tracking.close()


async def test_the_way_out_and_back_in_the_mails_language(town: Town) -> None:
    ready = town.reviewed()
    sent(town, ready)
    mail = claimed(town)[0]
    path = "/u/" + html_of(mail.body).partition("/u/")[2][:24]
    front = build_asgi(town.house)
    status, page = await ask(front, path)
    assert status == 200
    assert b"Stop these e-mails?" in page
    assert b"Northwind" in page
    assert b'value="opens"' not in page, "nobody sees opens, so there is nothing to forbid"
    assert b'value="see"' not in page
    assert service.rows(town, suppression) == []
    assert b"You are unsubscribed" in (await ask(front, path, "POST"))[1]
    assert len(service.rows(town, suppression)) == 1
    town.clock.advance(HOUR)
    assert b"You are subscribed again" in (await ask(front, path, "POST", b"what=again"))[1]
    assert service.rows(town, suppression) == []
    last = max(service.rows(town, consent), key=lambda row: row.at)
    assert (last.contact_pk, last.state, last.source) == (mail.contact_pk, "granted", "unsubscribe page")
    assert last.wording == "Yes, send me these e-mails again"
    await ask(front, path, "POST", b"List-Unsubscribe=One-Click")
    town.clock.advance(2 * DAY)
    assert b"no longer be undone" in (await ask(front, path, "POST", b"what=again"))[1]
    assert len(service.rows(town, suppression)) == 1
    assert [row.kind for row in service.rows(town, event)].count("unsubscribed") == 2
    front.tracking.close()


async def test_a_complaint_or_an_entry_by_hand_cannot_be_taken_back_on_the_page(town: Town) -> None:
    ready = town.reviewed()
    sent(town, ready)
    path = "/u/" + html_of(claimed(town)[0].body).partition("/u/")[2][:24]
    front = build_asgi(town.house)
    await ask(front, path, "POST")
    with town.house.db.transaction() as conn:
        conn.execute(update(suppression).values(reason="complained"))
    assert b"no longer be undone" in (await ask(front, path, "POST", b"what=again"))[1]
    assert len(service.rows(town, suppression)) == 1


async def test_whoever_allows_opens_can_forbid_them_on_the_page_and_stay(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, opens=True)
    sent(town, ready)
    mail = claimed(town)[0]
    with town.house.db.transaction() as conn:
        word = Consent(Purpose.OPEN_TRACKING, ConsentState.GRANTED, town.clock.now(), "form", "May we?")
        record(conn, mail.contact_pk, word)
    town.clock.advance(1000)
    path = "/u/" + html_of(mail.body).partition("/u/")[2][:24]
    front = build_asgi(town.house)
    assert b'value="opens"' in (await ask(front, path))[1]
    assert b"no longer see" in (await ask(front, path, "POST", b"what=opens"))[1]
    assert b'value="opens"' not in (await ask(front, path))[1]
    assert service.rows(town, suppression) == []


async def test_who_has_not_allowed_opens_is_asked_on_the_page_and_the_words_are_kept(town: Town) -> None:
    ready = town.reviewed()
    measure(town, ready, opens=True)
    sent(town, ready)
    mail = claimed(town)[0]
    path, front = "/u/" + html_of(mail.body).partition("/u/")[2][:24], build_asgi(town.house)

    def allowed() -> bool:
        with town.house.db.reading() as conn:
            return may_track(conn, [mail.contact_pk], town.clock.now()) == {mail.contact_pk}

    town.clock.advance(1000)
    assert b'value="see"' in (await ask(front, path))[1]
    assert not allowed(), "looking at the page allows nothing"
    assert b"may now see whether" in (await ask(front, path, "POST", b"what=see"))[1]
    assert allowed()
    [word] = [row for row in service.rows(town, consent) if row.purpose == "open_tracking"]
    assert (word.state, word.source) == ("granted", "unsubscribe page")
    assert word.wording.startswith("If you like, you can let ")
    assert word.wording.endswith("Yes, you may see whether I open")
    assert "{brand}" not in word.wording
    town.clock.advance(1000)
    assert b'value="opens"' in (await ask(front, path))[1]
    await ask(front, path, "POST", b"what=opens")
    assert not allowed()
    town.clock.advance(1000)
    await ask(front, path, "POST", b"what=see")
    assert allowed(), "their own later yes counts"


async def test_nobody_is_asked_for_opens_that_the_brand_does_not_see_or_who_has_left(town: Town) -> None:
    ready = town.reviewed()
    sent(town, ready)
    path, front = "/u/" + html_of(claimed(town)[0].body).partition("/u/")[2][:24], build_asgi(town.house)
    before = len(service.rows(town, consent))
    assert b'value="see"' not in (await ask(front, path))[1]
    assert b"Unsubscribe" in (await ask(front, path, "POST", b"what=see"))[1], "a form made elsewhere allows nothing"
    assert len(service.rows(town, consent)) == before

    measure(town, ready, opens=True)
    town.clock.advance(1000)
    await ask(front, path, "POST")
    assert b'value="see"' not in (await ask(front, path))[1]
    await ask(front, path, "POST", b"what=see")
    assert "open_tracking" not in {row.purpose for row in service.rows(town, consent)}


def test_settings_of_tracking_say_what_is_wrong(tmp_path: Path) -> None:
    base = {"TIDINGS_DATA_DIR": str(tmp_path)}
    good = load_settings({**base, "TIDINGS_TRACKING_URL": "https://t.example.com/"})
    assert (good.links_url, good.tracking_interval_ms) == ("https://t.example.com", 250)
    assert load_settings({**base, "TIDINGS_TRACKING_INTERVAL_MS": "0"}).tracking_interval_ms == 0
    assert Settings(tmp_path).links_url == "https://localhost:8443"
    for name, value in (("TIDINGS_TRACKING_URL", "http://t.example.com"), ("TIDINGS_TRACKING_INTERVAL_MS", "soon")):
        with pytest.raises(InvalidInputError, match=name):
            load_settings({**base, name: value})


def test_hooks_and_addresses_are_what_the_sender_takes(town: Town) -> None:
    worker = build_sender(replace(town.house, relay="smtp://127.0.0.1:9?tls=none"))
    hooks: Hooks = worker._ledger._hooks
    addresses: Addresses = worker._templates._addresses
    assert hooks.may_track.__name__ == "may_track"
    assert addresses.base_url == town.house.settings.links_url
    assert service.rows(town, delivery) == []
    worker._ledger.close()
