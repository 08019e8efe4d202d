"""API, SDK and command line over the real house: every use case, the agents and the roles as they are."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tidings.access.permissions import Permission, may
from tidings.api.build import MOUNT, build_api
from tidings.app.wiring import House, open_house
from tidings.cli.program import build_cli
from tidings.domain.actor import AgentName, Role
from tidings.settings import load_settings
from tidings_client import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    Tidings,
    UnauthenticatedError,
)

_SPEC = importlib.util.spec_from_file_location("face_fakes", Path(__file__).parents[1] / "face_fakes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fakes: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fakes)

TABLE = "email,first_name,country,time_zone\n" + "".join(
    f"person{number}@example.com,Ada,GB,Europe/London\n" for number in range(20)
)
BRAND = {
    "name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
    "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com",
}  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """The whole, with the agents at work in this process."""
    environ = {"TIDINGS_KEY": "ab" * 32, "TIDINGS_DATA_DIR": str(tmp_path / "data"), "TIDINGS_KEYRING": "off"}
    (tmp_path / "data").mkdir(mode=0o700)
    opened = open_house(load_settings(environ), executor="test", create=True)
    opened.jobs.prepare()
    opened.jobs.start([name.value for name in AgentName], poll_seconds=0.1)
    yield opened
    opened.jobs.stop()
    opened.close()


@pytest.fixture
def tokens(house: House) -> dict[Role, str]:
    """A token of an account of each role."""
    access = house.services.access
    made = {
        role: access.create_account(None, email=f"{role}@example.com", name=role.title(), role=role) for role in Role
    }
    return {role: access.create_token(account.actor(), name="test")[1] for role, account in made.items()}


@pytest.fixture
def address(house: House) -> Iterator[str]:
    outer = FastAPI()
    outer.mount(MOUNT, build_api(house.services, house.mailbox))
    with fakes.serving(outer) as url:
        yield url


def furnish(admin: Tidings) -> str:
    """A brand with a claim, and an audience; the brand's id."""
    brand = admin.brands.create(BRAND)
    admin.brands.add_claim(brand.id, "Our bread is baked every night.", evidence="The bakery's schedule")
    from tidings_client.contacts import ConsentProof

    proof = ConsentProof(source="sign-up form", wording="Yes, write to me.")
    assert admin.contacts.import_csv(TABLE.encode(), consent=proof).added == 20
    return brand.id


def test_the_whole_way_by_commands_with_the_real_agents(
    address: str, tokens: dict[Role, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin:
        furnish(admin)
    monkeypatch.setenv("TIDINGS_URL", address)
    brief = tmp_path / "brief.yaml"
    brief.write_text(yaml.safe_dump(fakes.BRIEF))

    def run(role: Role, *arguments: str) -> Any:
        monkeypatch.setenv("TIDINGS_TOKEN", tokens[role])
        answer = CliRunner().invoke(build_cli(), list(arguments))
        assert answer.exit_code == 0, (arguments, answer.output, answer.exception)
        return answer

    new = run(Role.AUTHOR, "campaign", "new", "--brief", str(brief))
    assert "State     review" in new.stdout
    assert "Plan" in new.stdout
    assert "Europe/London" in run(Role.AUTHOR, "campaign", "plan", "latest").stdout
    assert "unsubscribe" in run(Role.AUTHOR, "campaign", "preview", "latest").stdout.lower()
    run(Role.APPROVER, "campaign", "approve", "latest", "--yes")
    run(Role.MANAGER, "campaign", "send", "latest", "--now", "--yes")
    for _ in range(100):
        status = json.loads(run(Role.VIEWER, "campaign", "status", "latest", "--json").stdout)
        if sum(status["counts"].values()) == 20:
            break
        time.sleep(0.1)
    assert sum(status["counts"].values()) == 20
    for command in (
        ["agent", "list"], ["agent", "show", "scheduling"], ["agent", "decisions", "--campaign", "latest"],
        ["audience", "list"], ["audience", "segments"], ["mailbox", "list"], ["account", "list"], ["token", "list"],
        ["report", "latest"], ["sending", "status"], ["sending", "limits"], ["campaign", "deliveries", "latest"],
    ):  # fmt: skip
        assert run(Role.ADMIN, *command).stdout


def test_conversions_by_sdk_and_command(
    address: str, house: House, tokens: dict[Role, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin:
        brand = furnish(admin)
    with Tidings(address, tokens[Role.SERVICE]) as shop:
        made = shop.conversions.record("order-1", email="person3@example.com", value="49.90", currency="EUR")
        again = shop.conversions.record("order-1", email="person3@example.com", value="49.90", currency="EUR")
        assert (str(made.value), made.campaign_id, made.new, again.new) == ("49.90", None, True, False)
        assert made.id == again.id
        with pytest.raises(InvalidInputError, match="currency"):
            shop.conversions.record("order-2", email="person3@example.com", value="49.90")
        with pytest.raises(InvalidInputError, match="three capital letters of ISO 4217, such as EUR"):
            shop.conversions.record("order-2", email="person3@example.com", value="49.90", currency="euro")
        with pytest.raises(NotFoundError):
            shop.conversions.record("order-2", contact_id="con_none")
        with pytest.raises(ForbiddenError):
            shop.conversions.postback_secret(brand)
    monkeypatch.setenv("TIDINGS_URL", address)
    monkeypatch.setenv("TIDINGS_TOKEN", tokens[Role.MANAGER])

    def run(*arguments: str) -> Any:
        answer = CliRunner().invoke(build_cli(), ["conversion", *arguments])
        assert answer.exit_code == 0, (arguments, answer.output, answer.exception)
        return answer

    added = run("add", "order-3", "--email", "person4@example.com", "--value", "5", "--currency", "EUR")
    assert added.stdout.startswith("cnv_")
    assert "no campaign earned it" in added.stderr
    secret = run("secret", "northwind").stdout.strip()
    assert secret == house.services.postbacks.secret(actor_of(house, tokens[Role.ADMIN]), brand)
    assert run("secret", brand, "--rotate").stdout.strip() != secret


def actor_of(house: House, token: str) -> Any:
    return house.services.access.actor_of_token(token)


def test_every_role_against_the_real_use_cases(house: House, tokens: dict[Role, str]) -> None:
    """What the route declares is what the use case asks: nobody passes the route and is then refused, or slips by."""
    with TestClient(build_api(house.services, house.mailbox)) as client:
        document: dict[str, Any] = client.get("/openapi.json").json()
        known = {role: house.services.access.actor_of_token(token) for role, token in tokens.items()}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if path == "/activity/stream" or operation["x-permissions"] == []:
                    continue
                for role, token in tokens.items():
                    actor = known[role]
                    assert actor is not None
                    allowed = any(may(actor, Permission(each)) for each in operation["x-permissions"])
                    answer = _try(client, method, path, token)
                    assert (answer.status_code == 403) != allowed, (method, path, role, answer.text)
                    assert answer.status_code < 500, (method, path, role, answer.text)


def _try(client: TestClient, method: str, path: str, token: str) -> Any:
    """A call whose ids name nothing: allowed, it ends in not found or wrong input; never in a change."""
    for place in ("campaign_id", "decision_id", "brand_id", "contact_id", "recommendation_id", "message_id"):
        path = path.replace(f"{{{place}}}", "xxx_none")
    path = path.replace("{variant}", "A").replace("{name}", "content")
    path = path.replace("{account_id}", "acc_none").replace("{token_id}", "tok_none")
    headers = {"Authorization": f"Bearer {token}", "If-Match": '"0"'}
    return client.request(method, path, headers=headers, json={} if method in {"post", "put", "patch"} else None)


def test_a_role_limited_to_a_brand_sees_no_other(house: House, tokens: dict[Role, str], address: str) -> None:
    access = house.services.access
    with Tidings(address, tokens[Role.ADMIN]) as admin:
        ours = furnish(admin)
        theirs = admin.brands.create({**BRAND, "name": "Southwind"}).id
        limited = access.create_account(None, email="x@example.com", name="X", role=Role.MANAGER, brands=[theirs])
        campaign = admin.campaigns.create(fakes.BRIEF)
        secret = access.create_token(limited.actor(), name="test")[1]
        with Tidings(address, secret) as client:
            assert [brand.id for brand in client.brands.list().items] == [theirs]
            assert client.campaigns.list().items == []
            assert campaign.id not in {line.campaign_id for line in client.activity.list(limit=50).items}
            for act in (client.campaigns.get, client.campaigns.pause, client.campaigns.cancel, client.analytics.report):
                with pytest.raises(NotFoundError):
                    act(campaign.id)
            with pytest.raises((NotFoundError, ForbiddenError)):
                client.brands.update(ours, {"voice": "bold"})
            with pytest.raises((InvalidInputError, ForbiddenError)):
                client.campaigns.create(fakes.BRIEF)


def test_who_leaves_is_out_at_once(house: House, tokens: dict[Role, str], address: str) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin, Tidings(address, tokens[Role.AUTHOR]) as author:
        theirs = author.accounts.me().id
        assert admin.accounts.set_role(theirs, "viewer").role == "viewer"
        assert "campaigns:write" not in author.accounts.me().permissions
        admin.accounts.set_role(theirs, "author", ["brd_other"])
        assert admin.accounts.set_role(theirs, "viewer").brands == ["brd_other"], "a new role leaves the brands alone"
        assert not admin.accounts.close(theirs).active
        with pytest.raises(UnauthenticatedError):
            author.accounts.me()
        assert admin.accounts.open(theirs).active
        with pytest.raises(UnauthenticatedError):
            author.accounts.me()
        with pytest.raises(ConflictError, match="no administrator"):
            admin.accounts.close(admin.accounts.me().id)


def test_a_cursor_that_is_none_is_said_by_every_list(house: House, tokens: dict[Role, str], address: str) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin:
        furnish(admin)
        campaign = admin.campaigns.create(fakes.BRIEF).id
    app = build_api(house.services, house.mailbox)
    paged = [
        path.format(campaign_id=campaign)
        for path, methods in app.openapi()["paths"].items()
        if "sequence_id" not in path
        and {"after", "limit"} <= {given["name"] for given in methods.get("get", {}).get("parameters", ())}
    ]
    assert {"/contacts", "/decisions", "/replies", "/sequences", "/mailbox", "/audit"} < set(paged)
    with TestClient(app, headers={"Authorization": f"Bearer {tokens[Role.ADMIN]}"}) as client:
        for path in paged:
            assert client.get(path).status_code == 200, path
            for wrong in ("garbage", "9" * 30, "1-x", "-"):
                answer = client.get(path, params={"after": wrong})
                assert (answer.status_code, answer.json().get("field")) == (422, "after"), (path, wrong, answer.text)


def test_a_token_can_do_no_more_than_its_scopes(house: House, tokens: dict[Role, str], address: str) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin:
        narrow = admin.tokens.create("report", scopes=["analytics:read"])
        with Tidings(address, narrow.secret) as client:
            assert client.accounts.me().permissions == ["analytics:read"]
            assert client.analytics.overview().days == 60
            with pytest.raises(ForbiddenError):
                client.campaigns.list()
            with pytest.raises(ForbiddenError):
                client.tokens.create("wider", scopes=["campaigns:read"])
        admin.tokens.revoke(narrow.id)


def test_agents_and_programs_never_approve(tokens: dict[Role, str], address: str) -> None:
    with Tidings(address, tokens[Role.SERVICE]) as service, pytest.raises(ForbiddenError):
        service.campaigns.approve("cmp_x", "rev_x")


def test_contacts_are_masked_without_the_right(tokens: dict[Role, str], address: str) -> None:
    with Tidings(address, tokens[Role.ADMIN]) as admin, Tidings(address, tokens[Role.ANALYST]) as analyst:
        furnish(admin)
        assert "person" in next(iter(admin.contacts.all())).email
        assert next(iter(analyst.contacts.all())).email == "p…@example.com"
