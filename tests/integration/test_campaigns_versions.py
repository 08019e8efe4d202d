"""Versions of a brief from the brief to the mail: written, checked, approved and sent to those they are for."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as property_given
from hypothesis import strategies as st
from sqlalchemy import select, update
from tests.integration import distribution_bed as bed
from tests.unit.content_models import Scripted, plan

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service
from test_campaigns_service import Town, rows
from test_distribution_postings import ADMIN

from tidings.app.sending import build_sender
from tidings.audience.incoming import ConsentGiven
from tidings.audience.selection import Person
from tidings.audience.unsubscribe import unsubscribe
from tidings.campaigns.versions import assigned
from tidings.campaigns.views import CampaignDetail
from tidings.content.agent import ContentAgent
from tidings.content.writers.model import ModelWriter
from tidings.distribution.repository import _variant as fitted
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import DAY
from tidings.domain.version import version_of
from tidings.store.tables import contact, delivery, slot

town = service.town
GERMAN = {
    "name": "german", "language": "de", "product": "Backkurs", "call_to_action": "Platz sichern",
    "facts": ["Der Kurs zeigt Ihnen, wie Sauerteigbrot gelingt.", "Sie nehmen einen Sauerteig mit nach Hause."],
}  # fmt: skip
FRENCH = {
    "name": "french", "language": "fr", "product": "Atelier pain", "call_to_action": "Réserver une place",
    "facts": ["Cet atelier vous apprend à faire du pain au levain.", "Vous repartez avec votre levain."],
}  # fmt: skip
REGULARS = {"name": "regulars", "segment": "Regulars", "more_facts": ["You may bring a friend with you."]}
PEOPLE = {"de": 6, "de-AT": 3, "fr": 4, "nl": 2}


@pytest.fixture
def city(town: Town) -> Town:
    """The town with people of other languages; the first of each language is a regular, and so are p0 and p10."""
    table = "email,first_name,time_zone,locale\n" + "".join(
        f"{locale}{number}@example.com,Kim,Europe/Vienna,{locale}\n"
        for locale, count in PEOPLE.items() for number in range(count)
    )  # fmt: skip
    given = ConsentGiven(source="form", wording="Yes, write to me.")
    town.house.services.audience.import_csv(ADMIN, table, consent=given)
    town.house.services.audience.create_segment(
        ADMIN, name="Regulars", rule={"all": [{"field": "email", "op": "contains", "value": "0@"}]}
    )
    return town


def written(city: Town, *versions: dict[str, Any], **more: Any) -> CampaignDetail:
    made = city.new(versions=list(versions), **more)
    city.jobs.turn()
    return city.at(made)


def by_locale(city: Town, table: Any = slot) -> dict[str, set[str]]:
    """The versions that people of each language got."""
    found: dict[str, set[str]] = {}
    with city.house.db.reading() as conn:
        query = select(contact.c.locale, table.c.variant).join(contact, contact.c.pk == table.c.contact_pk)
        for locale, variant in conn.execute(query):
            found.setdefault(locale, set()).add(version_of(variant))
    return found


def test_every_version_is_written_checked_and_planned_for_its_readers(city: Town) -> None:
    ready = written(city, GERMAN, FRENCH)
    assert ready.revision is not None, ready.row.state_reason
    assert ready.plan is not None
    drafts = {draft.variant: draft for draft in ready.revision.drafts}
    assert sorted(drafts) == ["A", "B", "french-A", "french-B", "german-A", "german-B"]
    assert {draft.language for draft in drafts.values()} == {"en", "de", "fr"}
    said = "\n".join(trace.sentence for trace in drafts["german-A"].traces)
    assert GERMAN["facts"][0] in said
    assert "It is a bread workshop" not in said
    assert all(draft.sendable for draft in drafts.values())

    assert ready.plan.by_version == {"": 14, "german": 9, "french": 4}
    assert by_locale(city) == {"en": {""}, "nl": {""}, "de": {"german"}, "de-AT": {"german"}, "fr": {"french"}}
    german = [ready.plan.by_variant[name] for name in ("german-A", "german-B")]
    assert max(german) - min(german) <= 1, "the variants of a version are divided evenly among its readers"
    decisions, _ = city.house.services.agents.decisions(city.author, campaign_id=ready.row.id)
    assert {each.inputs.get("version") for each in decisions if each.kind == "draft"} == {None, "german", "french"}


def test_the_first_version_that_fits_is_a_readers(city: Town) -> None:
    german_regulars = {**GERMAN, "name": "stammgast", "segment": "Regulars"}
    ready = written(city, german_regulars, GERMAN, REGULARS)
    assert ready.plan is not None, ready.row.state_reason
    with city.house.db.reading() as conn:
        query = select(contact.c.email, slot.c.variant).join(contact, contact.c.pk == slot.c.contact_pk)
        found = {email: version_of(variant) for email, variant in conn.execute(query)}
    assert found["de0@example.com"] == found["de-AT0@example.com"] == "stammgast"
    assert found["de1@example.com"] == "german"
    assert found["fr0@example.com"] == "regulars"
    assert found["fr1@example.com"] == ""
    assert ready.plan.by_version == dict(Counter(found.values()))
    assert list(ready.plan.by_version) == ["", "stammgast", "german", "regulars"], "as the brief has them"
    city.house.services.campaigns.set_send_time(city.author, ready.row.id, city.clock.now() + DAY, "the shop opens")
    moved = city.at(ready).plan
    assert moved is not None
    assert list(moved.by_variant) == list(ready.plan.by_variant)


def test_a_segment_that_is_none_is_named_with_those_there_are(city: Town) -> None:
    with pytest.raises(InvalidInputError, match="Version regulars") as raised:
        city.new(versions=[{**REGULARS, "segment": "Nobody"}])
    assert raised.value.field == "versions"
    assert "Regulars" in raised.value.remedy


def test_a_preview_shows_the_version_the_contact_gets(city: Town) -> None:
    ready = written(city, GERMAN, REGULARS)
    campaigns = city.house.services.campaigns
    people = {row.email: row.id for row in rows(city, contact)}
    shown = {
        email: campaigns.preview(city.author, ready.row.id, contact_id=people[email])
        for email in ("de3@example.com", "p1@example.com", "p10@example.com")
    }
    assert shown["de3@example.com"].variant.startswith("german-")
    assert GERMAN["facts"][1] in " ".join(shown["de3@example.com"].text.split())
    assert 'lang="de"' in shown["de3@example.com"].html
    assert version_of(shown["p1@example.com"].variant) == ""
    assert shown["p10@example.com"].variant.startswith("regulars-")
    offered, _ = campaigns.slots(city.author, ready.row.id, like="german-B")
    assert {version_of(slot.variant) for slot in offered} == {"german"}
    first = campaigns.preview(city.author, ready.row.id, variant="german-B")
    assert first.to.endswith("@example.com")
    assert first.variant == "german-B"


def test_an_edit_of_one_version_asks_for_a_new_approval(city: Town) -> None:
    ready = written(city, GERMAN, FRENCH)
    campaigns = city.house.services.campaigns
    assert ready.revision is not None
    yes = campaigns.approve(city.approver, ready.row.id, ready.revision.id)
    edited = campaigns.edit_draft(city.author, yes.row.id, "french-A", subject="Atelier pain : à bientôt")
    assert edited.revision is not None
    assert edited.revision.content_hash != ready.revision.content_hash
    others = [draft for draft in edited.revision.drafts if draft.variant != "french-A"]
    assert others == [draft for draft in ready.revision.drafts if draft.variant != "french-A"]
    with pytest.raises(ConflictError):
        campaigns.send(city.approver, yes.row.id, now=True)
    with pytest.raises(ConflictError, match="revision"):
        campaigns.approve(city.approver, yes.row.id, ready.revision.id)


def test_each_reader_gets_the_mail_of_their_version(city: Town) -> None:
    ready = written(city, GERMAN, FRENCH)
    moved = {row.email: row for row in rows(city, contact)}
    campaigns = city.house.services.campaigns
    assert ready.revision is not None, ready.row.state_reason
    campaigns.approve(city.approver, ready.row.id, ready.revision.id)
    with city.house.db.transaction() as conn:
        # What was approved for this person stays; who said no meanwhile gets nothing.
        conn.execute(update(contact).where(contact.c.pk == moved["de1@example.com"].pk).values(locale="fr"))
        no = moved["de2@example.com"].pk
        unsubscribe(conn, city.house.secrets, no, None, "one-click", city.clock.now())
    campaigns.send(city.approver, ready.row.id, now=True)
    city.jobs.turn()
    with bed.sink() as sink:
        house = replace(city.house, relay=f"smtp://127.0.0.1:{sink.port}?tls=none")
        with bed.running(build_sender(house)):
            bed.wait_for(lambda: set(states(city)) <= {"accepted", "skipped", "suppressed"}, 30)
        mails = {text["To"]: text for body in sink.bodies if (text := message_from_bytes(body, policy=policy.default))}
    got = {address.rpartition("<")[2].strip(">"): told(mail) for address, mail in mails.items()}
    assert "de2@example.com" not in got
    assert len(got) == 26
    for address, text in got.items():
        own = address[:2] if address[:2] in {"de", "fr"} else ""
        assert (GERMAN["facts"][0] in text) is (own == "de"), address
        assert (FRENCH["facts"][0] in text) is (own == "fr"), address
        assert {"de": "Abmelden: ", "fr": "Se désabonner: "}.get(own, "Unsubscribe: ") in text
        html = mails_html(mails, address)
        assert f'lang="{own or "en"}"' in html
        if own:
            assert not any(each in f"{html} {text}" for each in ("Unsubscribe", "You receive", "there", "We ", "Hi "))
    assert by_locale(city, delivery)["fr"] == {"french", "german"}, "who moved after the approval"


def test_a_model_is_asked_in_the_versions_language_and_hears_nothing_of_contacts(city: Town) -> None:
    model = Scripted(lambda prompt: plan(prompt, opening="", closing=""))
    writer = ModelWriter("Scripted", lambda prompt, *_: model.complete(prompt), "hash", city.clock.now)
    city.house.run.content = ContentAgent(lambda: [writer])
    ready = written(city, GERMAN, REGULARS)
    assert ready.revision is not None, ready.row.state_reason

    asked = [f"{prompt.instructions}\n{prompt.task}" for prompt in model.asked]
    german = [text for text in asked if GERMAN["facts"][0] in text]
    assert german
    assert all("Language: de." in text for text in german)
    assert not any(REGULARS["more_facts"][0] in text for text in asked), "its segment has fewer than twenty people"
    people = rows(city, contact)
    private = {value for row in people for value in (row.email, row.first_name, row.time_zone, row.id)} | {"Regulars"}
    assert not [text for text in asked if any(value in text for value in private)]
    authors = {draft.variant: draft.writer for draft in ready.revision.drafts}
    assert authors["A"] == "Scripted"
    assert authors["regulars-A"] == "Composer"
    decisions, _ = city.house.services.agents.decisions(city.author, campaign_id=ready.row.id)
    reasons = {each.inputs.get("version"): each.reason for each in decisions if each.kind == "draft"}
    assert "fewer than 20 people" in reasons["regulars"]


def test_a_channel_with_fewer_variants_takes_the_first_of_the_persons_own_version(city: Town) -> None:
    german, members = {**GERMAN, "name": "de-new"}, {**REGULARS, "name": "de"}
    written(city, german, members, bodies=2)
    among = ["A", "B", "de-A", "de-B", "de-new-A", "de-new-B"]
    with city.house.db.reading() as conn:
        found = {tuple(row) for row in conn.execute(select(slot.c.variant, fitted(among)))}
    assert ("C", "A") in found or ("de-new-C", "de-new-A") in found
    for planned, taken in found:
        assert taken == (planned if planned in among else f"{planned[:-1]}A")


def states(city: Town) -> Counter[str]:
    return Counter(row.state for row in rows(city, delivery))


def mails_html(mails: dict[str, Any], address: str) -> str:
    """The HTML part of the mail to that address."""
    return next(mail for to, mail in mails.items() if address in to).get_body(("html",)).get_content()


def told(mail: Any) -> str:
    """The plain text of a mail, its lines as one."""
    return " ".join(mail.get_body(("plain",)).get_content().split())


@property_given(
    st.lists(st.sampled_from(["en", "de", "de-AT", "fr", ""]), max_size=30),
    st.lists(st.tuples(st.sampled_from(["", "de", "de-AT", "fr", "en"]), st.booleans()), min_size=1, max_size=4),
)
def test_everybody_gets_exactly_one_version_and_the_first_that_fits(
    locales: list[str], given: list[tuple[str, bool]]
) -> None:
    """Against a plain loop over the same rules."""
    from types import SimpleNamespace

    from tidings.campaigns import versions as room

    versions = [
        SimpleNamespace(language=language, segment="even" if of or not language else "") for language, of in given
    ]
    people = [Person(number, "", "", locale, 0) for number, locale in enumerate(locales)]
    even = [person.pk for person in people if person.pk % 2 == 0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_members", lambda *_: even)
        found = assigned(None, SimpleNamespace(versions=versions), people, 0)  # type: ignore[arg-type]

    def fits(person: Person, version: Any) -> bool:
        speaks = (
            not version.language
            or person.locale == version.language
            or person.locale.startswith(f"{version.language}-")
        )
        return speaks and (not version.segment or person.pk in even)

    wanted = [next((no for no, each in enumerate(versions, 1) if fits(p, each)), 0) for p in people]
    assert found.tolist() == wanted
