"""Makes ready what the serving processes need: store, owner, certificates, sample. Safe to repeat at every start."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidings.app.wiring import House, certificates, open_house
from tidings.cli.connection import CLIENT_FILE
from tidings.distribution.relay import parse_relays
from tidings.domain.actor import Actor, Role
from tidings.domain.channel import Channel
from tidings.domain.errors import UnavailableError
from tidings.keys.master import DATABASE_FILE
from tidings.store.files import sweep

if TYPE_CHECKING:
    from tidings.settings import Settings

SAMPLE_PEOPLE = 2_000


def prepare(settings: Settings, *, sample_people: int) -> dict[str, Any]:
    """Makes ready what the other processes need; safe to repeat. Returns the address and a one-time sign-in link.

    Raises StoreLockedError for a wrong key, UnavailableError for a port that is taken.
    """
    for relay in parse_relays(settings.relay or "smtp://localhost"):  # one that cannot be used is said now,
        relay.tls_context()  # not by a worker's fall; its authority's file belongs to it
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for port, variable in ((settings.port, "TIDINGS_PORT"), (settings.mailbox_port, "TIDINGS_MAILBOX_PORT")):
        check_port(settings.host, port, variable)
    sweep(settings.data_dir / DATABASE_FILE)
    house = open_house(settings, executor="prepare", create=True)
    try:
        first = not has_people(house)
        owner_id = ensure_owner(house)
        tls = certificates(house)
        house.jobs.prepare()
        loaded = load_sample_if_absent(house, owner_id, sample_people) if sample_people and first else ""
        house.services.models.ensure_bundled(settings.data_dir)
        link = house.services.access.create_sign_in_link(owner_id)
        write_client_file(house, owner_id, tls.ca_certificate)
        return {
            "url": settings.base_url, "link": f"{settings.base_url}/sign-in/link?token={link}",
            "ca": str(tls.ca_certificate), "sample": loaded, "first": first,
        }  # fmt: skip
    finally:
        house.close()


def check_port(host: str, port: int, variable: str) -> None:
    """Raises UnavailableError when somebody else listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UnavailableError(
                f"Port {port} on {host} is taken ({error.strerror}).",
                remedy=f"Stop what uses it, or choose another one: {variable}=… tidings up",
            ) from error


def has_people(house: House) -> bool:
    """Whether anybody real has an account here yet."""
    from sqlalchemy import func, select

    from tidings.store.tables import account

    with house.db.reading() as conn:
        query = select(func.count()).select_from(account).where(account.c.sample.is_(False))
        return bool(conn.execute(query).scalar_one())


def ensure_owner(house: House) -> str:
    """The first administrator's account; its id. The sign-in link is the only way in until a password is set."""
    from sqlalchemy import select

    from tidings.store.tables import account

    with house.db.reading() as conn:
        query = (
            select(account.c.id)
            .where(account.c.sample.is_(False), account.c.active, account.c.role == Role.ADMIN.value)
            .order_by(account.c.created_at)
            .limit(1)
        )
        found: str | None = conn.execute(query).scalar_one_or_none()
    if found is not None:
        return found
    made = house.services.access.create_account(None, email="owner@tidings.localhost", name="Owner", role=Role.ADMIN)
    return made.id


def load_sample_if_absent(house: House, owner_id: str, people: int) -> str:
    """The sample organisation and its one campaign that waits for approval; what was loaded, in words."""
    from tidings.sample.loading import load_sample
    from tidings.sample.organisation import sample_brief
    from tidings.sample.removal import sample_present

    with house.db.reading() as conn:
        if sample_present(conn):
            return ""
    report = load_sample(house.db, house.clock, house.secrets, people=people)
    asked = {"channels": (Channel.EMAIL, Channel.FEED)}
    brief = sample_brief(house.clock.now()).model_copy(update=asked)
    actor = owner(house, owner_id)
    # A channel that needs no account anywhere: a newcomer sees a posting, and the link that proves it.
    house.services.channels.create(
        actor, provider_name="feed", name=f"{brief.brand} feed", brand_id=report.brand_id,
        values={"feed": "sample", "title": brief.brand},
    )  # fmt: skip
    house.services.campaigns.create(actor, brief, sample=True)
    return (
        f"{report.people:,} invented people, {report.campaigns} campaigns of the past 90 days, "
        f"and “{brief.name}”, which is being drafted and will wait for your approval in a few seconds"
    )


def write_client_file(house: House, owner_id: str, ca: Path) -> None:
    """What the command line on this machine needs to reach the server; readable by this user alone."""
    path = house.settings.data_dir / CLIENT_FILE
    url = f"https://localhost:{house.settings.port}"
    try:
        token = str(json.loads(path.read_text())["token"])
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or half written when the power went
        token = ""
    if house.services.access.actor_of_token(token) is None:
        token = _new_token(house, owner_id)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with open(temporary, "w", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8") as file:
        file.write(json.dumps({"url": url, "token": token, "ca": str(ca)}))
    temporary.replace(path)


def _new_token(house: House, owner_id: str) -> str:
    return house.services.access.create_token(owner(house, owner_id), name="command line on this machine")[1]


def owner(house: House, account_id: str) -> Actor:
    """The owner as an actor."""
    from tidings.access.repository import account_by_id

    with house.db.reading() as conn:
        return account_by_id(conn, account_id).actor()
