"""The page behind the way out as a page of preferences: what it shows, what a press does, and what mail is held."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service
from sqlalchemy import select, update
from test_campaigns_tracking import ask, claimed, html_of, sent

from tidings.app.asgi import build_asgi
from tidings.audience.consents import history, record
from tidings.audience.incoming import ConsentGiven
from tidings.audience.selection import may_send
from tidings.distribution.tokens import OUT_OF, Token, TokenPurpose, TokenSigner
from tidings.domain.channel import Channel
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import DAY, HOUR
from tidings.domain.plan import HeldBack
from tidings.store.tables import audit, chunk, consent, contact, delivery, event, push_subscription, suppression

town = service.town
Town = service.Town
MAIL = Purpose.MARKETING_EMAIL


async def reader(town: Town) -> tuple[int, str, Any]:
    """Somebody whose mail is claimed, their way out, and the front."""
    sent(town, town.reviewed())
    mail = claimed(town)[0]
    return mail.contact_pk, "/u/" + html_of(mail.body).partition("/u/")[2][:24], build_asgi(town.house)


def everything(town: Town) -> list[Any]:
    return [service.rows(town, table) for table in (consent, suppression, event, contact, audit)]


def standing(town: Town, pk: int, purpose: Purpose = MAIL, channel: str = "email") -> HeldBack | None:
    with town.house.db.reading() as conn:
        return may_send(conn, [pk], purpose, channel, town.clock.now())[pk]


def allow(town: Town, pk: int, **more: Any) -> None:
    """Text messages and notifications, too."""
    with town.house.db.transaction() as conn:
        conn.execute(update(contact).where(contact.c.pk == pk).values(phone="+436601234567", phone_hash="h", **more))
        browser = {"contact_pk": pk, "digest": "d", "endpoint": "https://push.example/x", "p256dh": "p", "auth": "a"}
        conn.execute(push_subscription.insert().values(**browser, created_at=1))
        for purpose in (Purpose.MARKETING_SMS, Purpose.MARKETING_PUSH):
            record(conn, pk, Consent(purpose, ConsentState.GRANTED, town.clock.now() - 5, "form", "Yes."))


async def test_a_pause_holds_back_mail_says_why_and_ends_by_itself(town: Town) -> None:
    pk, path, front = await reader(town)
    assert standing(town, pk) is None
    _, page = await ask(front, path)
    assert b"Pause for 30 days" in page
    assert b"Pause for 90 days" in page
    _, page = await ask(front, path, "POST", b"what=pause&days=30")
    assert b"<h1>Paused until" in page
    assert standing(town, pk) is HeldBack.PAUSED
    assert service.rows(town, suppression) == [], "a pause is no no for good"
    with town.house.db.transaction() as conn:  # as it lies in the queue when the pause is said
        conn.execute(update(delivery).where(delivery.c.contact_pk == pk).values(state="planned"))
        conn.execute(update(chunk).values(state="open", owner="", next_due_at=1))
    assert pk not in {mail.contact_pk for mail in claimed(town)}
    with town.house.db.reading() as conn:
        row = conn.execute(select(delivery).where(delivery.c.contact_pk == pk)).one()
    assert (row.state, row.reason) == ("suppressed", "the person asked for a pause, and it is not over")
    town.clock.advance(30 * DAY - 1)
    assert standing(town, pk) is HeldBack.PAUSED
    town.clock.advance(1)
    assert standing(town, pk) is None
    assert b"Stop these e-mails?" in (await ask(front, path))[1]
    front.tracking.close()


async def test_a_pause_is_ended_early_with_the_words_and_the_end_of_the_yes_before_it(town: Town) -> None:
    pk, path, front = await reader(town)
    ends = town.clock.now() + 60 * DAY
    with town.house.db.transaction() as conn:
        conn.execute(update(consent).where(consent.c.contact_pk == pk).values(expires_at=ends))
    await ask(front, path, "POST", b"what=pause&days=90")
    town.clock.advance(DAY)
    assert b"Send them again now" in (await ask(front, path))[1]
    await ask(front, path, "POST", b"what=resume")
    assert standing(town, pk) is None
    with town.house.db.reading() as conn:
        words = history(conn, pk)
    assert [(word.state, word.source) for word in words[1:]] == [
        ("withdrawn", "unsubscribe page"), ("granted", "unsubscribe page")
    ]  # fmt: skip
    assert words[-1].wording == "E-mails: Send them again now"
    assert words[-1].expires_at == ends, "no yes grows longer by a pause"
    town.clock.advance(60 * DAY)
    assert standing(town, pk) is HeldBack.NO_CONSENT
    before = len(words)
    await ask(front, path, "POST", b"what=resume")
    with town.house.db.reading() as conn:
        assert len(history(conn, pk)) == before, "nobody's yes is made up"
    front.tracking.close()


async def test_an_unsubscribe_or_an_import_during_a_pause_is_no_way_around_it(town: Town) -> None:
    pk, path, front = await reader(town)
    await ask(front, path, "POST", b"what=pause&days=30")
    town.clock.advance(HOUR)
    with town.house.db.reading() as conn:
        address = conn.execute(select(contact.c.email).where(contact.c.pk == pk)).scalar_one()
    audience, admin = town.house.services.audience, service._admin(town)
    audience.add_contacts(admin, [{"email": address}], consent=ConsentGiven("shop", "Yes"))
    assert standing(town, pk) is HeldBack.PAUSED
    await ask(front, path, "POST", b"List-Unsubscribe=One-Click")
    town.clock.advance(31 * DAY)
    assert standing(town, pk) is HeldBack.SUPPRESSED
    with town.house.db.reading() as conn:
        last = history(conn, pk)[-1]
    assert (last.state, last.expires_at) == (ConsentState.WITHDRAWN, None)
    for body in (b"what=resume", b"what=pause&days=30", b"what=again"):
        await ask(front, path, "POST", body)
    assert standing(town, pk) is HeldBack.SUPPRESSED
    front.tracking.close()


async def test_after_a_pause_an_import_changes_nothing(town: Town) -> None:
    pk, path, front = await reader(town)
    await ask(front, path, "POST", b"what=pause&days=30")
    town.clock.advance(31 * DAY)
    with town.house.db.reading() as conn:
        address = conn.execute(select(contact.c.email).where(contact.c.pk == pk)).scalar_one()
        before = len(history(conn, pk))
    audience, admin = town.house.services.audience, service._admin(town)
    result = audience.add_contacts(admin, [{"email": address}], consent=ConsentGiven("shop", "Yes"))
    assert result.kept_silent == 0
    with town.house.db.reading() as conn:
        assert len(history(conn, pk)) == before
    assert standing(town, pk) is None
    front.tracking.close()


async def test_other_channels_have_a_switch_each_that_works_both_ways(town: Town) -> None:
    pk, path, front = await reader(town)
    assert b"What else you get" not in (await ask(front, path))[1], "there is nothing else"
    allow(town, pk)
    town.clock.advance(1000)
    _, page = await ask(front, path)
    assert b"Text messages" in page
    assert b"Notifications" in page
    assert b"+43" not in page, "the link may be forwarded"
    _, page = await ask(front, path, "POST", b"what=leave&channel=sms")
    assert b"You no longer get these messages." in page
    assert b"Stop these e-mails?" in page, "the e-mails stay"
    assert standing(town, pk, Purpose.MARKETING_SMS, "sms") is HeldBack.SUPPRESSED
    assert standing(town, pk) is None
    assert standing(town, pk, Purpose.MARKETING_PUSH, "push") is None
    [told] = [row for row in service.rows(town, event) if row.kind == "unsubscribed"]
    assert (told.contact_pk, told.channel) == (pk, "sms")
    town.clock.advance(HOUR)
    await ask(front, path, "POST", b"what=again&channel=sms")
    assert standing(town, pk, Purpose.MARKETING_SMS, "sms") is None
    with town.house.db.reading() as conn:
        assert history(conn, pk)[-1].wording == "Yes, send me these text messages again"
    await ask(front, path, "POST", b"what=leave&channel=sms")
    town.clock.advance(2 * DAY)
    _, page = await ask(front, path, "POST", b"what=again&channel=sms")
    assert standing(town, pk, Purpose.MARKETING_SMS, "sms") is HeldBack.SUPPRESSED, "a day is over"
    assert b"Text messages" not in page
    front.tracking.close()


async def test_a_switch_brings_nobody_into_a_channel_they_never_allowed(town: Town) -> None:
    pk, path, front = await reader(town)
    with town.house.db.transaction() as conn:
        conn.execute(update(contact).where(contact.c.pk == pk).values(phone="+436601234567", phone_hash="h"))
    before = everything(town)
    for body in (b"what=again&channel=sms", b"what=resume&channel=sms", b"what=pause&days=30&channel=sms",
                 b"what=pause&days=3650", b"what=pause", b"what=language&language=xx"):  # fmt: skip
        await ask(front, path, "POST", body)
    assert everything(town) == before
    assert standing(town, pk, Purpose.MARKETING_SMS, "sms") is HeldBack.NO_CONSENT
    front.tracking.close()


async def test_looking_changes_nothing_however_things_stand(town: Town) -> None:
    pk, path, front = await reader(town)
    allow(town, pk)
    for body in (b"what=pause&days=30", b"what=leave&channel=sms", b"what=leave"):
        await ask(front, path, "POST", body)
        before = everything(town)
        for _ in range(2):
            await ask(front, path)
            await ask(front, path, "HEAD")
        assert everything(town) == before
        town.clock.advance(1000)
    assert b"You are unsubscribed" in (await ask(front, path))[1]
    front.tracking.close()


async def test_the_language_is_chosen_by_whoever_has_one(town: Town) -> None:
    pk, path, front = await reader(town)

    def locale() -> str:
        with town.house.db.reading() as conn:
            return conn.execute(select(contact.c.locale).where(contact.c.pk == pk)).scalar_one()

    for before, chosen, after in (("de-AT", "de", "de-AT"), ("de-AT", "fr", "fr"), ("it", "es", "es"), ("", "de", "")):
        allow_locale(town, pk, before)
        _, page = await ask(front, path)
        assert (b'name="language"' in page) == bool(before)
        _, page = await ask(front, path, "POST", b"what=language&language=" + chosen.encode())
        assert f'<html lang="{chosen}">'.encode() in page
        assert locale() == after
    front.tracking.close()


def allow_locale(town: Town, pk: int, locale: str) -> None:
    with town.house.db.transaction() as conn:
        conn.execute(update(contact).where(contact.c.pk == pk).values(locale=locale))


async def test_out_of_a_text_message_the_text_messages_come_first(town: Town) -> None:
    pk, _, front = await reader(town)
    allow(town, pk)
    town.clock.advance(1000)
    campaign_pk = service.rows(town, delivery)[0].campaign_pk
    signer = TokenSigner(town.house.secrets.signing_key)
    out = signer.make(Token(TokenPurpose.UNSUBSCRIBE, campaign_pk, pk, 0, OUT_OF[Channel.SMS]))
    _, page = await ask(front, f"/u/{out}")
    assert b"Stop these text messages?" in page
    assert b"E-mails" in page
    await ask(front, f"/u/{out}", "POST", b"what=pause&days=90")
    assert standing(town, pk, Purpose.MARKETING_SMS, "sms") is HeldBack.PAUSED
    assert standing(town, pk) is None
    front.tracking.close()
