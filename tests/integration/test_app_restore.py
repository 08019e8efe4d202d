"""What people said after the backup still counts after a restore: every no, and a later yes only with its record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.conftest import START, FakeClock

from tidings.access import audit
from tidings.app import care
from tidings.app.wiring import House, open_house
from tidings.audience.browsers import drop, subscribe
from tidings.audience.consents import history, record
from tidings.audience.selection import may_send, may_track
from tidings.audience.service import ConsentGiven
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.instant import DAY, Instant
from tidings.keys.master import DATABASE_FILE, MasterKey, load_master_key
from tidings.settings import Settings
from tidings.store import migrations, rotation
from tidings.store.database import open_sqlite
from tidings.store.settings import get_setting
from tidings.store.tables import contact, push_subscription, suppression

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
GIVEN = ConsentGiven(source="sign-up form", wording="Yes, write to me.", at=START)
YES, NO = ConsentState.GRANTED, ConsentState.WITHDRAWN
OPENS, SMS, PUSH, MAIL = Purpose.OPEN_TRACKING, Purpose.MARKETING_SMS, Purpose.MARKETING_PUSH, Purpose.MARKETING_EMAIL
CHANNELS = {MAIL: "email", SMS: "sms", PUSH: "push"}


class Home:
    """An installation, opened for one step at a time, as commands do."""

    def __init__(self, folder: Path) -> None:
        environ = {"TIDINGS_KEY_FILE": str(folder / "key"), "TIDINGS_KEYRING": "off"}
        self.folder = folder
        self.settings = Settings(folder / "data", environ=environ)
        self.path = self.settings.data_dir / DATABASE_FILE
        self.clock = FakeClock()

    def open(self) -> House:
        return open_house(self.settings, executor="test", clock=self.clock)

    def join(self, *names: str) -> None:
        house = self.open()
        rows = [
            {"email": f"{name}@example.com", "phone": f"+43660{ord(name[0]):07}", "sms_consent": "yes"}
            for name in names
        ]
        house.services.audience.add_contacts(ADMIN, rows, consent=GIVEN)
        house.close()

    def say(self, name: str, purpose: Purpose, state: ConsentState, at: Instant, source: str = "settings page") -> None:
        house = self.open()
        with house.db.transaction() as conn:
            record(conn, number(conn, name), Consent(purpose, state, at, source, f"{state} at {at}"))
        house.close()

    def heard(self, name: str, purpose: Purpose) -> list[Consent]:
        house = self.open()
        with house.db.reading() as conn:
            found = [each for each in history(conn, number(conn, name)) if each.purpose is purpose]
        house.close()
        return found

    def allowed(self, name: str, purpose: Purpose, at: Instant = START + 1_000_000) -> bool:
        house = self.open()
        with house.db.reading() as conn:
            pk = number(conn, name)
            if purpose is OPENS:
                allowed = pk in may_track(conn, [pk], at)
            else:
                allowed = may_send(conn, [pk], purpose, CHANNELS[purpose], at)[pk] is None
        house.close()
        return allowed

    def backup(self, name: str = "copy.db") -> Path:
        target = self.folder / name
        care.backup(self.settings, target)
        return target

    def last_restore(self) -> dict[str, Any]:
        """The restore's line in the audit trail."""
        house = self.open()
        with house.db.reading() as conn:
            audit.verify(conn)
            found = next(row for row in audit.latest(conn) if row["action"] == "database.restore")
        house.close()
        return found["detail"]

    def paused_because(self) -> str:
        house = self.open()
        with house.db.reading() as conn:
            found = get_setting(conn, "sending_paused")
        house.close()
        assert found is not None
        return found["reason"]


def number(conn: Any, name: str) -> int:
    return conn.execute(select(contact.c.pk).where(contact.c.email == f"{name}@example.com")).scalar_one()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    care.migrate(home.settings)
    home.join("ann", "bob")
    return home


@pytest.mark.parametrize("purpose", [OPENS, SMS, PUSH, MAIL])
def test_a_consent_withdrawn_after_the_backup_stays_withdrawn_with_its_proof(home: Home, purpose: Purpose) -> None:
    home.say("ann", purpose, YES, START + 1)
    copy = home.backup()
    home.say("ann", purpose, NO, START + 2, "reply by telephone")
    before = home.heard("ann", purpose)
    said = care.restore(home.settings, copy)
    assert "withdrew a consent" in said
    assert home.heard("ann", purpose) == before
    assert not home.allowed("ann", purpose)
    assert home.allowed("bob", MAIL), "the others' consent is as it was"
    assert home.last_restore()["consents"] == 1


def test_a_yes_after_the_no_comes_with_its_record(home: Home) -> None:
    home.say("ann", OPENS, YES, START + 1)
    copy = home.backup()
    home.say("ann", OPENS, NO, START + 2)
    home.say("ann", OPENS, YES, START + 3, "asked again")
    care.restore(home.settings, copy)
    assert home.allowed("ann", OPENS)
    assert [word.source for word in home.heard("ann", OPENS)] == ["settings page", "settings page", "asked again"]


def test_restored_twice_and_back_again_everything_said_still_stands_once(home: Home) -> None:
    for each in ("ann", "bob"):
        home.say(each, OPENS, YES, START + 1)
    copy = home.backup()
    home.say("ann", OPENS, NO, START + 2)
    care.restore(home.settings, copy)
    home.say("bob", OPENS, NO, START + 3)
    care.restore(home.settings, copy)
    kept = sorted(home.settings.data_dir.glob("*.before-restore-*"))
    assert len(kept) == 2, "neither took the other's name"
    for again in (copy, kept[0]):
        assert [len(home.heard(each, OPENS)) for each in ("ann", "bob")] == [2, 2]
        assert not home.allowed("ann", OPENS)
        assert not home.allowed("bob", OPENS)
        care.restore(home.settings, again)


def test_somebody_the_backup_does_not_know_is_not_brought_back_by_an_import(home: Home) -> None:
    copy = home.backup()
    home.join("eve", "fay")
    home.say("eve", SMS, NO, START + 2)
    home.say("fay", SMS, NO, START + 2)
    home.say("fay", SMS, YES, START + 3)
    care.restore(home.settings, copy)
    home.join("eve", "fay")
    assert not home.allowed("eve", SMS)
    house = home.open()
    with house.db.reading() as conn:
        entries = conn.execute(select(suppression.c.channel, suppression.c.reason, suppression.c.source)).all()
    house.close()
    assert [tuple(row) for row in entries] == [("sms", "unsubscribed", "settings page")]
    assert home.allowed("fay", SMS), "their newest word was a yes"


def test_a_pause_of_somebody_the_backup_does_not_know_is_a_no_until_it_is_over(home: Home) -> None:
    copy = home.backup()
    home.join("eve", "fay")
    house = home.open()
    with house.db.transaction() as conn:
        for name, until in (("eve", START + DAY), ("fay", START + 40_000 * DAY)):
            record(conn, number(conn, name), Consent(SMS, NO, START + 2, "preference page", "", until))
    house.close()
    care.restore(home.settings, copy)
    home.join("eve", "fay")
    assert home.allowed("eve", SMS), "hers ended long ago"
    assert not home.allowed("fay", SMS)


def test_a_new_person_never_gets_the_number_of_one_the_backup_does_not_know(home: Home) -> None:
    copy = home.backup()
    home.join("eve")
    house = home.open()
    with house.db.reading() as conn:
        spent = number(conn, "eve")
    house.close()
    care.restore(home.settings, copy)
    home.join("fay")
    house = home.open()
    with house.db.reading() as conn:
        assert number(conn, "fay") > spent, "else the unsubscribe link in eve's mail would be fay's"
    house.close()


def test_who_shares_a_telephone_number_with_somebody_erased_stays(home: Home) -> None:
    home.join("eve", "eva")  # one number
    copy = home.backup()
    house = home.open()
    audience = house.services.audience
    ids = {view.email: view.id for view in audience.contacts(ADMIN)[0]}
    audience.erase(ADMIN, ids["eve@example.com"])
    house.close()
    assert "1 of the backup's people" in care.restore(home.settings, copy)
    house = home.open()
    left = {view.email for view in house.services.audience.contacts(ADMIN)[0]}
    house.close()
    assert left == {"ann@example.com", "bob@example.com", "eva@example.com"}


def browsers(home: Home) -> set[tuple[str, str]]:
    house = home.open()
    with house.db.reading() as conn:
        query = select(contact.c.email, push_subscription.c.endpoint)
        rows = conn.execute(query.join(contact, contact.c.pk == push_subscription.c.contact_pk)).all()
    house.close()
    return {(row.email.split("@")[0], row.endpoint.rsplit("/", 1)[1]) for row in rows}


def test_browsers_are_as_they_were_in_the_former_database(home: Home) -> None:
    def allow(name: str, endpoint: str, at: Instant) -> None:
        house = home.open()
        with house.db.transaction() as conn:
            key = (endpoint, "p", "a")
            subscribe(conn, number(conn, name), key, source="page", wording="Allow", at=at)
        house.close()

    oldest = home.backup("oldest.db")
    allow("ann", "https://push.example/desk", START + 1)
    allow("ann", "https://push.example/phone", START + 2)
    allow("bob", "https://push.example/shared", START + 2)
    copy = home.backup()
    house = home.open()
    with house.db.transaction() as conn:
        drop(conn, number(conn, "ann"), "https://push.example/phone", source="page", at=START + 3)
    house.close()
    allow("ann", "https://push.example/shared", START + 4)
    care.restore(home.settings, copy)
    assert browsers(home) == {("ann", "desk"), ("ann", "shared")}, "what was switched off since stays off"
    home.join("eve")
    allow("eve", "https://push.example/hers", START + 5)
    care.restore(home.settings, oldest)
    assert browsers(home) == {("ann", "desk"), ("ann", "shared")}
    assert home.allowed("ann", PUSH), "a yes comes with its record, and its browser with it"
    assert not home.allowed("bob", PUSH)
    kept = max(home.settings.data_dir.glob("*.before-restore-*"), key=lambda path: (len(path.name), path.name))
    care.restore(home.settings, kept)
    assert browsers(home) == {("ann", "desk"), ("ann", "shared"), ("eve", "hers")}


def in_the_first_shape(home: Home) -> Path:
    """A file with the people and words of the present database, in the tables of the first migration."""
    from alembic import command
    from alembic.config import Config

    target = home.folder / "first.db"
    target.unlink(missing_ok=True)
    master = load_master_key(home.settings.data_dir, home.settings.environ, create=False)
    old, new = open_sqlite(target, master.raw), open_sqlite(home.path, master.raw)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with old.transaction() as conn, new.reading() as present:
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        for name in ("setting", "contact", "consent", "suppression"):
            columns = [row[1] for row in conn.exec_driver_sql(f"PRAGMA table_info({name})")]
            rows = present.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {name}").fetchall()
            marks = ", ".join("?" * len(columns))
            for row in rows:
                conn.exec_driver_sql(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", tuple(row))
    old.close()
    new.close()
    return target


def test_backups_and_former_databases_of_an_earlier_version(home: Home) -> None:
    home.say("ann", OPENS, YES, START + 1)
    copy, first = home.backup(), in_the_first_shape(home)
    home.say("ann", OPENS, NO, START + 2)
    assert "stays so" in care.restore(home.settings, first)
    assert not home.allowed("ann", OPENS)
    assert home.allowed("bob", MAIL)
    home.path.write_bytes(in_the_first_shape(home).read_bytes())  # as an update that nobody started leaves it
    assert "stays so" in care.restore(home.settings, copy)
    assert not home.allowed("ann", OPENS)


# The property


class Said(NamedTuple):
    """One word: who, for what, yes or no, and how long after the one before (0: in the same millisecond)."""

    name: str
    purpose: Purpose
    state: ConsentState
    after: int


WORD = st.builds(
    Said, st.sampled_from(["ann", "bob", "eve"]), st.sampled_from([OPENS, SMS, MAIL]),
    st.sampled_from(list(ConsentState)), st.sampled_from([1, 1, 0, -2]),
)  # fmt: skip
STEPS = st.lists(
    st.one_of(WORD, WORD, WORD, st.sampled_from(["backup", "restore", "unsubscribe", "back"])), max_size=14
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("template"))
    care.migrate(home.settings)
    home.join("ann", "bob")
    home.backup()
    return home


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_nobody_is_written_to_or_watched_whose_newest_word_was_no(
    template: Home, tmp_path_factory: pytest.TempPathFactory, steps: list[Said | str]
) -> None:
    """Any words before and after any backups and restores. Eve joins after the first backup."""
    home = Home(tmp_path_factory.mktemp("home"))
    (home.folder / "key").write_bytes((template.folder / "key").read_bytes())
    (home.folder / "key").chmod(0o600)
    copy = home.folder / "copy0.db"
    copy.write_bytes((template.folder / "copy.db").read_bytes())
    care.restore(home.settings, copy)
    home.join("eve")
    said: dict[tuple[str, Purpose], list[tuple[Instant, ConsentState]]] = {}
    listed: set[str] = set()
    at = START + 10
    for no, step in enumerate([*steps, "restore"], 1):
        if isinstance(step, Said):
            at += step.after
            known = step.name != "eve" or is_here(home, "eve")
            if known:
                home.say(step.name, step.purpose, step.state, at)
                said.setdefault((step.name, step.purpose), []).append((at, step.state))
        elif step == "backup":
            copy = home.backup(f"copy{no}.db")
        elif step == "restore":
            assert "stays so" in care.restore(home.settings, copy)
        else:
            at += 1
            of_ann(home, step, at)
            listed.add("ann")
            said.setdefault(("ann", MAIL), [])
            said["ann", MAIL] += [(word.at, word.state) for word in home.heard("ann", MAIL)]
    home.join("eve")  # whoever is not there comes back by an import that knows nothing of their noes
    for (name, purpose), words in said.items():
        newest = max(when for when, _ in words)
        yes = all(state is YES for when, state in words if when == newest)
        if not yes and (newest, NO) in words:
            assert not home.allowed(name, purpose, at + 100), (name, purpose, words)
        elif yes and name not in {*listed, "eve"}:
            assert home.allowed(name, purpose, at + 100), (name, purpose, words)


def is_here(home: Home, name: str) -> bool:
    house = home.open()
    with house.db.reading() as conn:
        found = conn.execute(select(contact.c.pk).where(contact.c.email == f"{name}@example.com")).first()
    house.close()
    return found is not None


def of_ann(home: Home, what: str, at: Instant) -> None:
    """Unsubscribes, or takes it back, as the page behind the link does."""
    home.clock.at = at
    house = home.open()
    with house.db.transaction() as conn:
        pk = number(conn, "ann")
        if what == "unsubscribe":
            house.services.audience.unsubscribe(conn, pk, None, "link")
        else:
            house.services.audience.resubscribe(conn, pk, "page", "Write to me again")
    house.close()


# Where the former database cannot be read, or only in part


def test_a_former_database_damaged_anywhere_is_read_as_far_as_it_can_be_and_never_called_complete(home: Home) -> None:
    house = home.open()
    names = [f"p{number:03}" for number in range(120)]
    rows = [{"email": f"{name}@example.com"} for name in names]
    house.services.audience.add_contacts(ADMIN, rows, consent=GIVEN)
    with house.db.transaction() as conn:
        pks = {name: number(conn, name) for name in names}
        for name in names:
            record(conn, pks[name], Consent(OPENS, YES, START + 1, "page", "Yes " * 20))
    house.close()
    copy = home.backup()
    house = home.open()
    with house.db.transaction() as conn:
        for name in names:
            record(conn, pks[name], Consent(OPENS, NO, START + 2, "page", "No " * 20))
    house.close()
    whole = home.path.read_bytes()
    complete: list[bool] = []
    saved: list[int] = []
    for page in range(1, len(whole) // 4096, 5):
        at = page * 4096 + 2000
        home.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        said = care.restore(home.settings, copy)
        house = home.open()
        with house.db.reading() as conn:
            watched = may_track(conn, list(pks.values()), START + 9)
        house.close()
        assert ("stays so" in said) is not ("suppress-list" in said)
        complete.append(home.last_restore()["complete"])
        assert complete[-1] is ("stays so" in said)
        assert not (complete[-1] and watched), page
        assert complete[-1] is not ("suppress-list" in home.paused_because())
        if not complete[-1]:
            saved.append(len(names) - len(watched))
        for kept in home.settings.data_dir.glob("*.before-restore-*"):
            kept.unlink()
    assert True in complete, "damage where nothing was said does no harm"
    assert any(0 < each < len(names) for each in saved), "what stands on both sides of the damage is carried"


@pytest.mark.parametrize("damage", ["no header", "cut short", "another key"])
def test_a_former_database_nobody_can_open_is_said_to_be_that(home: Home, damage: str) -> None:
    home.say("ann", OPENS, YES, START + 1)
    copy = home.backup()
    home.say("ann", OPENS, NO, START + 2)
    whole = home.path.read_bytes()
    if damage == "no header":
        home.path.write_bytes(b"\0" * 4096 + whole[4096:])
    elif damage == "cut short":
        home.path.write_bytes(whole[:3000])
    else:
        home.path.unlink()
        other = Settings(home.settings.data_dir, environ={"TIDINGS_KEY": "11" * 32, "TIDINGS_KEYRING": "off"})
        care.migrate(Settings(home.folder / "other", environ=other.environ))
        (home.folder / "other" / DATABASE_FILE).rename(home.path)
    said = care.restore(home.settings, copy)
    assert "cannot be read" in said
    assert "suppress-list" in said
    assert "suppress-list" in home.paused_because()
    told = home.last_restore()
    assert not told["complete"]
    assert "not known" in told["said"]


def test_an_installation_begun_anew_before_the_restore_is_not_taken_for_the_lost_one(home: Home) -> None:
    """The disk is lost, Tidings is set up again with the key, somebody unsubscribes there, the backup comes back."""
    copy = home.backup()
    for path in home.settings.data_dir.iterdir():
        path.unlink()
    care.migrate(home.settings)
    home.join("bob")
    house = home.open()
    house.services.audience.suppress(ADMIN, "Bob@example.com")
    house.close()
    said = care.restore(home.settings, copy)
    assert "begun anew" in said
    assert "1 entries" in said
    assert "suppress-list" in said
    assert home.allowed("ann", MAIL)
    assert not home.allowed("bob", MAIL)


def test_a_backup_from_before_a_rotation_gets_what_was_said_after_it(home: Home) -> None:
    home.say("ann", OPENS, YES, START + 1)
    copy = home.backup()
    care.rotate_key(home.settings)
    home.say("ann", OPENS, NO, START + 2)
    assert "stays so" in care.restore(home.settings, copy)
    assert not home.allowed("ann", OPENS)


def test_a_rotation_stands_in_the_audit_trail_and_one_cut_short_does_not(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rotations() -> list[tuple[str, dict[str, object]]]:
        house = home.open()
        with house.db.reading() as conn:
            audit.verify(conn)
            rows = [row for row in audit.latest(conn) if row["action"] == "database.rotate_key"]
        house.close()
        return [(row["actor_kind"], row["detail"]) for row in rows]

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "put_in_place", cut)
        with pytest.raises(KeyboardInterrupt):
            care.rotate_key(home.settings)
    assert rotations() == []
    care.rotate_key(home.settings)
    assert rotations() == [("system", {})]
    care.rotate_key(home.settings)
    assert len(rotations()) == 2


def test_a_rotation_cut_short_hides_nothing_from_the_restore(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    home.say("ann", OPENS, YES, START + 1)
    copy = home.backup()
    home.say("ann", OPENS, NO, START + 2)
    with monkeypatch.context() as patch:
        patch.setattr(MasterKey, "settle", cut)  # the file has the new key, the key's place not yet
        with pytest.raises(PowerCutError):
            care.rotate_key(home.settings)
    assert "stays so" in care.restore(home.settings, copy)
    assert not home.allowed("ann", OPENS)
