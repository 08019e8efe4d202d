"""The command line against a real server on the loopback, with fake use cases behind it."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from fastapi import FastAPI
from typer.testing import CliRunner

from tidings.access.trail import AuditCheck
from tidings.api.build import MOUNT, build_api
from tidings.audience.intake import ImportResult
from tidings.campaigns.views import CapHolder, CapHolders
from tidings.cli.program import build_cli
from tidings.domain.actor import Role
from tidings.domain.campaign import CampaignState
from tidings.domain.draft import Finding, Severity

_SPEC = importlib.util.spec_from_file_location("face_fakes", Path(__file__).parents[1] / "face_fakes.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fakes: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fakes)

Run = Callable[..., Any]


@pytest.fixture
def services(sqlite_database: Any, clock: Any) -> Any:
    return fakes.make_services(sqlite_database, clock)


@pytest.fixture
def address(services: Any) -> Iterator[str]:
    outer = FastAPI()
    outer.mount(MOUNT, build_api(services, fakes.FakeMailbox()))
    with fakes.serving(outer) as url:
        yield url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command as a role; nobody is at the terminal."""
    monkeypatch.setenv("TIDINGS_URL", address)
    monkeypatch.setenv("TIDINGS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TZ", "UTC")

    def go(*arguments: str, role: str = "admin", given: str | None = None) -> Any:
        monkeypatch.setenv("TIDINGS_TOKEN", f"tid_{role}")
        return CliRunner().invoke(build_cli(), list(arguments), input=given)

    return go


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "brief.yaml"
    path.write_text(yaml.safe_dump(fakes.BRIEF))
    return path


def briefed(services: Any, **changes: Any) -> str:
    return services.campaigns.create(services.access.people[Role.AUTHOR], fakes.brief_of(**changes)).row.id


def test_the_whole_way_by_commands_alone(run: Run, brief: Path, services: Any) -> None:
    new = run("campaign", "new", "--brief", str(brief))
    assert new.exit_code == 0, new.output
    number = next(iter(services.campaigns.details))
    assert number in new.stdout
    assert f"Next: tidings campaign plan {number}" in new.stderr
    plan = run("campaign", "plan", "latest")
    assert "Tue 24 Nov 09:15" in plan.stdout
    assert "Most people here read at nine." in plan.stdout
    preview = run("campaign", "preview", "Autumn workshop", "--variant", "B")
    assert "Subject    Bake with us" in preview.stdout
    approve = run("campaign", "approve", "autumn", "--yes", "-m", "Good.")
    assert "Approved." in approve.stderr
    assert f"Next: tidings campaign send {number}" in approve.stderr
    send = run("campaign", "send", number[:20], "--now", "--yes")
    assert send.exit_code == 0
    assert services.campaigns.calls[-1] == "send now=True"
    status = run("campaign", "status")
    assert "2 of 3: planned 1, accepted 2" in status.stdout
    report = run("report", "latest")
    assert "12 (12.0%, 7.0 to 20.0)" in report.stdout
    assert "Not enough data yet." in report.stdout


def test_words_go_to_stderr_and_data_to_stdout_as_json(run: Run, brief: Path) -> None:
    new = run("campaign", "new", "--brief", str(brief), "--json")
    assert json.loads(new.stdout)["state"] == "review"
    assert json.loads(run("campaign", "list", "--json").stdout)[0]["name"] == "Autumn workshop"
    for command in (
        ["campaign", "show", "latest"], ["campaign", "plan", "latest"], ["campaign", "preview", "latest"],
        ["campaign", "status", "latest"], ["campaign", "deliveries", "latest"], ["campaign", "postings", "latest"],
        ["campaign", "pause", "latest"],
        ["agent", "list"], ["agent", "show", "content"], ["agent", "decisions"], ["audience", "list"],
        ["audience", "segments"], ["audience", "show", fakes.CONTACT.id], ["mailbox", "list"],
        ["mailbox", "show", "latest"], ["sending", "status"], ["sending", "limits"], ["account", "list"], ["account",
        "link", "viewer@"], ["account", "whoami"], ["token", "list"], ["token", "new", "nightly"], ["report",
        "latest"], ["status"], ["channel", "list"], ["channel", "providers"], ["channel", "providers", "pigeon"],
        ["channel", "show", "Our pigeons"], ["channel", "check", "chn_1"], ["channel", "test", "chn_1",
        "ada@example.com"],
    ):  # fmt: skip
        answer = run(*command, "--json")
        assert answer.exit_code == 0, (command, answer.output)
        json.loads(answer.stdout)


def test_nobody_is_asked_whether_to_take_out_a_channel_that_is_not_there(run: Run, brief: Path, services: Any) -> None:
    assert run("campaign", "new", "--brief", str(brief)).exit_code == 0
    answer = run("campaign", "drop-channel", "latest", "smoke", "--no-input")
    assert "Cancel 0 messages" not in answer.output
    assert "drop smoke" in services.campaigns.calls, "the server is the one that says what is wrong"


def test_a_brief_from_stdin_and_from_options(run: Run, services: Any) -> None:
    assert run("campaign", "new", "--brief", "-", given=json.dumps(fakes.BRIEF)).exit_code == 0
    options = [
        "--name", "Sale", "--goal", "Sell bread", "--brand", "Northwind Bakery", "--fact", "It is bread.",
        "--call-to-action", "Buy it", "--link", "https://example.com",
    ]  # fmt: skip
    assert run("campaign", "new", *options).exit_code == 0
    assert [each.row.name for each in services.campaigns.details.values()] == ["Autumn workshop", "Sale"]


def test_the_plan_names_the_campaigns_that_use_up_the_cap(run: Run, services: Any) -> None:
    made = briefed(services)
    before = run("campaign", "plan", made)
    assert before.exit_code == 0
    assert "Cap used up by" not in before.stdout
    told = CapHolders((CapHolder("cmp_9", "Rye week", 4),), 2)
    services.campaigns.details[made] = replace(services.campaigns.details[made], cap_holders=told)
    assert "“Rye week” and 2 more" in run("campaign", "plan", made).stdout
    found = json.loads(run("campaign", "show", made, "--json").stdout)["plan"]["cap_used_by"]
    assert (found["named"][0]["campaign_id"], found["more"], found["others"]) == ("cmp_9", 2, False)


def test_a_wrong_brief_names_field_reason_and_example(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**fakes.BRIEF, "link": "nowhere"}))
    answer = run("campaign", "new", "--brief", str(path))
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert "`link`" in answer.stderr
    assert "A complete example:\nname: Autumn workshop" in answer.stderr
    path.write_text(yaml.safe_dump({**fakes.BRIEF, "goal": "a", "type": "sale"}))
    lines = run("campaign", "new", "--brief", str(path)).stderr.splitlines()
    assert lines[1].startswith("  `type` must be one of: announcement, event, ")
    assert (
        lines[2] == "  `goal` is too short: say what the campaign is to bring about, as in “Fill the autumn workshop”"
    )
    path.write_text(yaml.safe_dump({**fakes.BRIEF, "goal": "a", "versions": [{"segment": "members"}]}))
    assert "\n  version 1, name is missing\n" in run("campaign", "new", "--brief", str(path)).stderr
    path.write_text("name: [unclosed\nfacts:")
    broken = run("campaign", "new", "--brief", str(path))
    assert broken.exit_code == 2
    assert "line 2" in broken.stderr
    path.write_text("just text")
    assert "not a list of named fields" in run("campaign", "new", "--brief", str(path)).stderr
    path.write_bytes(b"\xff\xfe\x00")
    assert run("campaign", "new", "--brief", str(path)).exit_code == 2
    assert run("campaign", "new", "--brief", str(tmp_path / "none.yaml")).exit_code == 2
    assert "There is no brief" in run("campaign", "new", "--no-input").stderr


def test_only_checking_starts_nothing(run: Run, brief: Path, services: Any) -> None:
    answer = run("campaign", "new", "--brief", str(brief), "--check")
    assert json.loads(answer.stdout)["subjects"] == 2
    assert not services.campaigns.details


def test_a_blocked_campaign_is_an_error(run: Run, brief: Path, services: Any) -> None:
    create = services.campaigns.create

    def blocked(*args: Any) -> Any:
        made = create(*args)
        row = replace(made.row, state=CampaignState.BLOCKED, state_reason="The Content agent found no claim.")
        services.campaigns.details[made.row.id] = replace(made, row=row)
        return services.campaigns.details[made.row.id]

    services.campaigns.create = blocked
    answer = run("campaign", "new", "--brief", str(brief))
    assert answer.exit_code == 1
    assert "found no claim" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "role", "code"),
    [
        (["campaign", "show", "nonesuch"], "admin", 3),
        (["campaign", "show", "cmp_00000000000000000000000000"], "admin", 3),
        (["campaign", "cancel", "latest", "--yes"], "viewer", 4),
        (["account", "list"], "author", 4),
        (["campaign", "list"], "nobody", 4),
        (["campaign", "send", "latest", "--yes"], "admin", 1),
        (["campaign", "list", "--state", "flying"], "admin", 2),
        (["campaign", "send", "latest"], "admin", 2),
        (["campaign", "send", "latest", "--no-input"], "admin", 2),
        (["campaign", "edit", "latest"], "admin", 2),
        (["campaign", "set-time", "latest", "tomorrow", "-m", "x"], "admin", 2),
        (["agent", "configure", "content", "max_words"], "admin", 2),
        (["nonsense"], "admin", 2),
    ],
)
def test_exit_codes(run: Run, services: Any, arguments: list[str], role: str, code: int) -> None:
    briefed(services)
    answer = run(*arguments, role=role)
    assert answer.exit_code == code, answer.output
    assert answer.stderr
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr


def test_a_server_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings_client.transport.time.sleep", lambda _: None)
    monkeypatch.setenv("TIDINGS_URL", "http://127.0.0.1:9")
    answer = run("campaign", "list")
    assert answer.exit_code == 5
    assert "tidings up" in answer.stderr


def test_names_that_fit_more_than_one_are_listed(run: Run, services: Any) -> None:
    first, second = briefed(services, name="Autumn one"), briefed(services, name="Autumn two")
    answer = run("campaign", "show", "autumn")
    assert answer.exit_code == 2
    assert first in answer.stderr
    assert second in answer.stderr
    assert run("campaign", "show", "autumn two").exit_code == 0


def test_a_contact_is_shown_by_address_too(run: Run) -> None:
    answer = run("audience", "show", fakes.CONTACT.email)
    assert answer.exit_code == 0, answer.output
    assert fakes.CONTACT.id in answer.stdout


def test_agents_are_configured_with_typed_values(run: Run, services: Any) -> None:
    answer = run("agent", "configure", "content", "max_words=99", "voice=bold", "strict=true", "--autonomy", "suggest")
    assert answer.exit_code == 0, answer.output
    assert services.agents.views["content"].config == {"max_words": 99, "voice": "bold", "strict": True}
    assert "paused" in run("agent", "pause", "content", "-m", "tea").stderr
    assert "idle" in run("agent", "resume", "content").stderr


def test_importing_contacts(run: Run, tmp_path: Path, services: Any) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes("email\nä@example.com\n".encode())
    options = ["--consent-source", "form", "--consent-wording", "Yes."]
    answer = run("audience", "import", str(path), *options)
    assert answer.exit_code == 0, answer.output
    assert "Added    1" in answer.stdout
    assert "said no before" not in answer.stdout
    assert "Row 3: it has no proof of consent. Add it." in answer.stderr
    assert services.audience.imported[0][0] == path.read_bytes()
    assert run("audience", "import", str(path), "--consent-source", "form").exit_code == 2
    assert run("audience", "import", str(tmp_path / "none.csv")).exit_code == 2


def test_who_said_no_before_is_one_of_those_taken_in(run: Run, tmp_path: Path, services: Any) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\nada@example.com\n")
    services.audience.import_csv = lambda *_, **__: SimpleNamespace(
        added=0, updated=1, refused=[], kept_silent=1, warnings=["There is no column time_zone."]
    )
    answer = run("audience", "import", str(path))
    assert "Of these, 1 said no before and stays unsubscribed." in answer.stdout
    assert "Warning: There is no column time_zone." in answer.stderr


def test_secrets_come_on_stdout_alone(run: Run) -> None:
    made = run("token", "new", "nightly")
    assert made.stdout == "tid_secret1\n"
    assert "not shown again" in made.stderr
    link = run("account", "link", "viewer@example.com")
    assert link.stdout.startswith("https://localhost:8443/sign-in/link?token=")
    own = run("account", "link")
    assert own.exit_code == 0, own.output
    assert own.stdout.startswith("https://localhost:8443/sign-in/link?token=")


def test_an_account_is_changed_closed_and_opened_again(run: Run, services: Any) -> None:
    viewer = services.access.people[Role.VIEWER].id
    assert run("account", "role", "viewer@example.com", "author").exit_code == 0
    asked = run("account", "close", "viewer@example.com", "--no-input")
    assert asked.exit_code == 2
    assert "viewer@example.com" in asked.stderr
    assert services.access.changed == [(viewer, Role.AUTHOR, None)]
    assert "is closed" in run("account", "close", "viewer@example.com", "--yes").stderr
    assert json.loads(run("account", "open", viewer, "--json").stdout)["id"] == viewer
    assert services.access.changed[1:] == [(viewer, False), (viewer, True)]
    assert run("account", "role", "viewer@example.com", "king").exit_code == 2


def test_an_empty_brief_from_stdin_is_called_empty(run: Run) -> None:
    answer = run("campaign", "new", "--brief", "-", given=" \n")
    assert answer.exit_code == 2
    assert "What came on the standard input is empty." in answer.stderr


def test_the_address_to_suppress_is_read_from_stdin(run: Run) -> None:
    answer = run("audience", "suppress", given="ada@example.com\n")
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize(
    "named", [fakes.CONTACT.id, "ada@example.com", "Ada@Example.com"], ids=["id", "address", "case"]
)
def test_a_person_is_erased_by_id_or_by_the_whole_address(run: Run, services: Any, named: str) -> None:
    answer = run("audience", "erase", named, "--yes")
    assert answer.exit_code == 0, answer.output
    assert services.audience.erased == [fakes.CONTACT.id]


@pytest.mark.parametrize("part", ["ada", "example.com", "Lovelace"])
def test_nobody_is_erased_by_a_part_of_a_name_or_address(run: Run, services: Any, part: str) -> None:
    answer = run("audience", "erase", part, "--yes")
    assert answer.exit_code == 2
    assert "whole address" in answer.stderr
    assert services.audience.erased == []


def test_the_kill_switch_asks_nothing(run: Run, services: Any) -> None:
    assert run("sending", "pause", "-m", "wrong price").exit_code == 0
    assert services.distribution.stopped["reason"] == "wrong price"
    assert "paused" in run("sending", "status").stdout
    assert run("sending", "resume").exit_code == 0


def test_status_shows_what_waits_and_fails_when_something_does(run: Run, services: Any) -> None:
    number = briefed(services)
    answer = run("status")
    assert answer.exit_code == 0
    assert "✓ database: encrypted file" in answer.stdout
    assert "Waits for approval: Autumn workshop" in answer.stdout
    assert f"Next: tidings campaign approve {number}" in answer.stderr
    services.health.check = lambda: [fakes.HealthItem("disk", "fail", "full", "Free some.")]
    broken = run("status")
    assert broken.exit_code == 1
    assert "Free some." in broken.stdout


def test_status_counts_what_is_held_with_its_reason_and_names_the_agents(run: Run, services: Any) -> None:
    number = briefed(services)
    detail = services.campaigns.details[number]
    row = replace(detail.row, state=CampaignState.SENDING, people=1, counts={"held": 1})
    services.campaigns.details[number] = replace(detail, row=row, held_because="relay refuses the sender")
    assert "Held: relay refuses the sender. " in run("campaign", "status", number).stdout
    assert json.loads(run("campaign", "status", number, "--json").stdout)["held_because"] == "relay refuses the sender"
    plain = services.campaigns.deliveries

    def deliveries(*args: Any, **given: Any) -> Any:
        found, following = plain(*args, **given)
        return [replace(each, state="held", reason="relay refuses the sender") for each in found], following

    services.campaigns.deliveries = deliveries
    shown = run("status").stdout
    assert "Sending: Autumn workshop, 0 of 1 still planned, 1 held: relay refuses the sender" in shown
    assert "Content wrote two drafts" in shown


def test_a_retry_says_what_it_sets_aside_and_asks(run: Run, services: Any) -> None:
    number = briefed(services)
    back = run("campaign", "request-changes", number, "-m", "Warmer, please.")
    assert "The Composer cannot follow comments; edit the draft." in back.stderr
    assert f"Next: tidings campaign edit {number} --variant A" in back.stderr
    assert "campaign retry" not in back.stderr
    refused = run("campaign", "retry", number)
    assert refused.exit_code == 2
    assert "writes new drafts and sets aside revision 1 by Content agent" in refused.stderr
    assert "retry" not in services.campaigns.calls
    assert run("campaign", "retry", number, "--yes").exit_code == 0
    assert services.campaigns.calls[-1] == "retry"


def test_a_retry_that_keeps_the_drafts_asks_nothing(run: Run, services: Any) -> None:
    number = briefed(services)
    detail = services.campaigns.details[number]
    services.campaigns.details[number] = replace(detail, row=replace(detail.row, state=CampaignState.BLOCKED))
    answer = run("campaign", "retry", number)
    assert answer.exit_code == 0, answer.output
    assert "sets aside" not in answer.stderr
    assert "is being written" in answer.stderr


def blocked_by(services: Any, number: str, author: str) -> None:
    detail = services.campaigns.details[number]
    finding = Finding(
        check="numbers", severity=Severity.ERROR, place="subject", message="The brief knows no 20 %.", quote="20 % off",
        remedy="Drop it.",
    )  # fmt: skip
    drafts = (detail.revision.drafts[0], detail.revision.drafts[1].model_copy(update={"findings": (finding,)}))
    revised = replace(detail.revision, number=2, author=author, drafts=drafts)
    row = replace(detail.row, state=CampaignState.BLOCKED)
    actions = services.campaigns._actions(row.state)
    services.campaigns.details[number] = replace(detail, row=row, revision=revised, actions=actions)


def test_an_edit_that_blocks_shows_its_findings_and_leads_to_another_edit(run: Run, services: Any) -> None:
    number = briefed(services)
    plain = services.campaigns.edit_draft

    def edit(*args: Any, **given: Any) -> Any:
        plain(*args, **given)
        blocked_by(services, number, "Ada")
        return services.campaigns.details[number]

    services.campaigns.edit_draft = edit
    answer = run("campaign", "edit", number, "--variant", "B", "--subject", "20 % off")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "Variant B:\n  error: subject: The brief knows no 20 %. “20 % off” Drop it.\n"
    assert f"Next: tidings campaign edit {number} --variant B" in answer.stderr
    assert "campaign retry" not in answer.stderr
    assert "sets aside revision 2 by Ada" in run("campaign", "retry", number).stderr
    blocked_by(services, number, "Content agent")
    assert run("campaign", "retry", number).exit_code == 0, "the agent's own drafts go without a question"


def test_what_is_found_in_the_brief_is_said_once_for_all_its_drafts(run: Run, services: Any) -> None:
    number = briefed(services)
    detail = services.campaigns.details[number]
    words = "“It costs £4.” and “It costs £5.” contradict each other."
    found = (
        Finding(check="contradiction", severity=Severity.WARNING, place="brief", message=words, remedy="Keep one."),
    )
    drafts = tuple(draft.model_copy(update={"findings": found}) for draft in detail.revision.drafts)
    assert len(drafts) == 2
    revised = replace(detail.revision, drafts=drafts)
    services.campaigns.details[number] = replace(detail, revision=revised)
    said = run("campaign", "show", number).stdout
    assert said.count(words) == 1
    assert said.index(f"The brief:\n  warning: brief: {words} Keep one.\n") < said.index("Variant A")
    told = json.loads(run("campaign", "show", number, "--json").stdout)["revision"]["drafts"]
    assert [draft["findings"][0]["message"] for draft in told] == [words, words]


def test_after_a_pause_the_way_on_is_to_resume(run: Run, services: Any) -> None:
    number = briefed(services)
    answer = run("campaign", "pause", number)
    said, first, *_ = answer.stderr.splitlines()
    assert said == "Paused. “Autumn workshop” is paused; it waits for approval."
    assert first == f"Next: tidings campaign resume {number}"


def test_an_agent_there_is_not(run: Run) -> None:
    answer = run("agent", "pause", "nobody")
    assert answer.exit_code == 3
    assert "content, scheduling, distribution, analytics" in answer.stderr


def test_decisions_are_told_in_sentences(run: Run, services: Any) -> None:
    made = replace(fakes.DECISION, reason="test", decided_by="person: Ada", overridden_by="acc_01")
    services.agents.decisions = lambda *_, **__: ([made], "")
    assert "test. Decided by person: Ada. Set aside by a person." in run("agent", "decisions").stdout


def test_watching_ends_when_it_is_over(run: Run, services: Any) -> None:
    number = briefed(services)
    detail = services.campaigns.details[number]
    states = iter([CampaignState.SENDING, CampaignState.SENDING, CampaignState.DONE])
    plain_get = services.campaigns.get

    def get(actor: Any, campaign_id: str) -> Any:
        plain_get(actor, campaign_id)
        row = replace(detail.row, state=next(states, CampaignState.DONE), counts={"accepted": 3})
        return replace(detail, row=row)

    services.campaigns.get = get
    answer = run("campaign", "status", number, "--watch")
    assert answer.exit_code == 0
    assert "done" in answer.stdout.splitlines()[-1] or "done" in answer.stdout
    assert f"Next: tidings report {number}" in answer.stderr


def test_what_blocks_a_send_is_shown_with_its_remedy_and_fails(run: Run, services: Any) -> None:
    briefed(services)
    found = run("campaign", "check", "latest")
    assert found.exit_code == 1
    assert "✗ variant A, size: the HTML part is too large\n    Shorten it." in found.stdout
    assert '    example.com. IN TXT "v=spf1 mx ~all"' in found.stdout
    assert "– spam score: not checked" in found.stdout
    assert json.loads(run("campaign", "check", "latest", "--json").stdout)[0]["blocks"] is True


def test_an_agent_is_asked_and_waits_for_a_yes(run: Run, services: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = run("agent", "ask", "scheduling", "How many people?")
    assert asked.exit_code == 0, asked.output
    assert asked.stdout == "The plan reaches 12 people, 57 of them in Tokyo.\n"
    assert "! The number 57 stands in no result" in asked.stderr
    assert "By tiny (local), from: read_plan (done). Nothing was changed." in asked.stderr
    alone = run("agent", "ask", "distribution", "Start it.")
    assert alone.exit_code == 2
    assert "start_campaign: Starts sending." in alone.stderr
    assert "nobody is here" in alone.stderr
    monkeypatch.setattr("tidings.cli.agent.can_ask", lambda _no_input: True)
    for typed, said, verb in (("y\n", "It is started.", "approve"), ("\n", "Then not.", "decline")):
        answered = run("agent", "ask", "distribution", "Start it.", given=typed)
        assert answered.stdout.strip().endswith(said)
        assert services.asking.calls[-1] == (verb, "trn_1")
    assert run("agent", "ask", "distribution", "Start it.", "--yes").stdout == "It is started.\n"
    waits = json.loads(run("agent", "ask", "distribution", "Start it.", "--json").stdout)
    assert (waits["status"], waits["turn_id"]) == ("waiting", "trn_1")
    services.asking.possible = False
    none = run("agent", "ask", "content", "What is new?")
    assert none.exit_code != 0
    assert "No language model is configured" in none.stderr
    assert "TIDINGS_MODEL" in none.stderr


def test_what_happened_to_a_mail_is_found_shown_and_settled(run: Run, services: Any) -> None:
    found = run("delivery", "find", "--address", "ada@example.com")
    assert found.exit_code == 0
    assert fakes.CONTACT.id in found.stdout
    shown = run("delivery", "show", "--message-id", "0123@northwind.example")
    assert "451 4.7.1" in shown.stdout
    assert "probably a machine" in shown.stdout
    assert "--send-again" in shown.stderr
    assert json.loads(run("delivery", "show", "cmp_" + "1" * 26, "con_1", "--json").stdout)["state"] == "uncertain"
    key = briefed(services)
    assert run("delivery", "settle", key, fakes.CONTACT.id).exit_code == 2
    assert run("delivery", "settle", key, fakes.CONTACT.id, "--send-again").exit_code == 2  # nobody says yes
    done = run("delivery", "settle", key, fakes.CONTACT.id, "--send-again", "--yes", "-m", "She lost it.")
    assert done.exit_code == 0
    assert services.deliveries.settled == [(key, fakes.CONTACT.id, "send_again", "She lost it.")]
    assert run("delivery", "find").exit_code == 2
    assert run("delivery", "find", "--address", "a@b.co", role="viewer").exit_code == 4


def test_files_and_an_event_go_with_a_campaign(run: Run, services: Any, tmp_path: Path) -> None:
    key = briefed(services)
    file = tmp_path / "Programme.pdf"
    file.write_bytes(b"%PDF-1.7")
    attached = run("campaign", "attach", key, str(file))
    assert attached.exit_code == 0
    assert "Programme.pdf" in attached.stdout
    assert run("campaign", "attach", key, str(tmp_path / "none.pdf")).exit_code == 2
    bad = tmp_path / "setup.exe"
    bad.write_bytes(b"MZ")
    refused = run("campaign", "attach", key, str(bad))
    assert refused.exit_code != 0
    assert "link to it" in refused.stderr
    assert run("campaign", "detach", key, "Programme.pdf").exit_code == 0
    assert run("campaign", "detach", key, "Programme.pdf").exit_code == 3
    when = ("--title", "Workshop", "--start", "2026-12-05T18:00", "--end", "2026-12-05T20:00")
    assert run("campaign", "invite", key, *when, "--zone", "Europe/Vienna", "--ask").exit_code == 0
    assert services.attachments.invitation.method == "request"
    assert "time zone" in run("campaign", "invite", key, *when, "--zone", "Vienna").stderr
    assert run("campaign", "invite", key).exit_code == 2
    assert run("campaign", "invite", key, "--remove").exit_code == 0
    assert services.attachments.invitation is None


def test_a_brief_may_bring_an_event_whose_times_yaml_reads_as_dates(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "brief.yaml"
    event = "{title: W, start: 2026-12-05T18:00, end: 2026-12-05 20:00:00, zone: Europe/Vienna}"
    path.write_text(f"{yaml.safe_dump(fakes.BRIEF)}invitation: {event}\n")
    checked = run("campaign", "new", "--brief", str(path), "--check")
    assert json.loads(checked.stdout)["invitation"]["end"] == "2026-12-05T20:00"
    path.write_text(f"{yaml.safe_dump(fakes.BRIEF)}invitation: {event.replace('Europe/Vienna', 'Vienna')}\n")
    assert "invitation, zone is not a time zone" in run("campaign", "new", "--brief", str(path), "--check").stderr


def test_postings_are_listed_and_settled(run: Run, services: Any) -> None:
    number = briefed(services)
    shown = run("campaign", "postings", number)
    assert shown.exit_code == 0, shown.output
    assert "Mastodon" in shown.stdout
    assert "--there pst_1" in shown.stderr
    run("campaign", "postings", number, "--there", "pst_1", "--link", "https://mastodon.example/1")
    assert services.campaigns.calls[-1] == "confirm pst_1 https://mastodon.example/1"
    run("campaign", "postings", number, "--again", "pst_1")
    assert services.campaigns.calls[-1] == "repeat pst_1"


def test_an_account_is_set_up_without_its_secret_on_the_command_line(
    run: Run, services: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    key.write_text("from-a-file\n")
    add = ["channel", "add", "pigeon", "--name", "Mine", "--set", "per_minute=10"]
    made = run(*add, "--secret", f"key=file:{key}")
    assert made.exit_code == 0, made.output
    assert services.channels.given[-1] == {"per_minute": "10", "key": "from-a-file"}
    assert "from-a-file" not in made.output
    assert "Next: tidings channel check" in made.stderr
    monkeypatch.setenv("PIGEON_KEY", "from-a-variable")
    assert run(*add, "--secret", "key=env:PIGEON_KEY").exit_code == 0
    assert services.channels.given[-1]["key"] == "from-a-variable"
    for wrong in (
        ["--set", "key=spelled-out"], ["--secret", "key=spelled-out"], ["--secret", "key=env:NOT_THERE"],
        ["--secret", f"key=file:{tmp_path}/none"], ["--no-input"],
    ):  # fmt: skip
        answer = run(*add, *wrong)
        assert answer.exit_code == 2, wrong
        assert "spelled-out" not in answer.output
    assert run("channel", "add", "owl").exit_code == 3


def test_an_account_is_changed_turned_off_and_forgotten(run: Run, services: Any) -> None:
    assert "problem" in run("channel", "list").stdout
    assert "works" in run("channel", "check", "Our pigeons").stdout
    assert run("channel", "set", "chn_1", "--priority", "7").exit_code == 0
    assert services.channels.rows["chn_1"].priority == 7
    assert run("channel", "set", "chn_1").exit_code == 2
    assert run("channel", "disable", "chn_1").exit_code == 0
    assert run("channel", "enable", "chn_1").exit_code == 0
    assert run("channel", "test", "chn_1", "ada@example.com").stdout == "accepted: queued for ada@example.com\n"
    assert run("channel", "push-link", "con_123").stdout.startswith("https://localhost:8443/push/")
    assert run("channel", "remove", "chn_1", "--yes").exit_code == 0
    assert services.channels.rows == {}


def test_the_audit_trail_is_listed_exported_and_checked(run: Run, services: Any, tmp_path: Path) -> None:
    listed = run("audit", "list", "--action", "campaign", "--who", "Ada", "--about", "cmp_1")
    assert "how=now" in listed.stdout
    assert services.audit.asked[0] == {"action": "campaign", "who": "Ada", "about": "cmp_1", "after": "", "limit": 200}
    into = tmp_path / "audit.jsonl"
    assert run("audit", "export", str(into)).exit_code == 0
    assert json.loads(into.read_text())["hash"] == "cd"
    assert "exists already" in run("audit", "export", str(into)).stderr
    assert run("audit", "export", str(tmp_path / "no" / "x")).exit_code == 1
    assert "1 rows" in run("audit", "check").stdout
    services.audit.found = AuditCheck(intact=False, rows=0, problem="The audit trail is broken.", remedy="Compare it.")
    broken = run("audit", "check")
    assert (broken.exit_code, "Compare it." in broken.stderr) == (1, True)
    assert run("audit", "list", role="author").exit_code == 4


def test_an_import_names_who_has_to_confirm(run: Run, services: Any, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email\n")
    services.audience.import_csv = lambda *_, **__: ImportResult(added=3, pending=2)
    answer = run("audience", "import", str(path))
    assert "2 people have to confirm before" in answer.stdout
    assert "Next: tidings audience ask" in answer.stderr


def test_asking_people_to_confirm(run: Run, services: Any) -> None:
    shown = run("audience", "confirmations")
    assert shown.exit_code == 0, shown.output
    assert re.search(r"Wait to confirm +1240\n", shown.stdout)
    assert "cmp_9" in shown.stdout
    assert "tidings audience ask" in shown.stderr
    assert json.loads(run("audience", "confirmations", "--json").stdout)["counts"]["confirmed"] == 410
    assert run("audience", "ask", "--no-input").exit_code == 2, "nobody is there to say yes"
    assert run("audience", "ask", "--yes", role="author").exit_code == 4
    done = run("audience", "ask", "--yes")
    assert done.exit_code == 0, done.output
    assert "tidings campaign show cmp_9" in done.stderr
    assert run("audience", "ask", "--remind", "--brand", "b", "--yes", "--json").exit_code == 0
    [(nameless, first), (brand, second)] = services.confirmations.asked
    assert (nameless, first, brand[:4], second) == ("", False, "brd_", True)
    assert run("audience", "ask", "--yes").exit_code == 1
    services.confirmations.counts = replace(services.confirmations.counts, to_ask=0, to_remind=0)
    for more in ([], ["--remind"]):
        nobody = run("audience", "ask", "--yes", *more)
        assert nobody.exit_code == 1
        assert "tidings audience confirmations" in nobody.stderr


def test_what_is_held_about_a_person_goes_into_a_file_of_ones_own(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "erika.json"
    done = run("audience", "personal-data", "con_1", "--out", str(file))
    assert (done.exit_code, "consents 1" in done.stderr) == (0, True), done.output
    assert json.loads(file.read_text())["consents"] == [{"state": "granted"}]
    assert file.stat().st_mode & 0o777 == 0o600
    again = run("audience", "personal-data", "con_1", "--out", str(file))
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    refused = run("audience", "personal-data", "con_1", role="analyst")
    assert refused.exit_code != 0
    assert "may not see addresses" in refused.stderr
    assert "analyst" in refused.stderr


def test_limits_of_accounts_are_shown_with_what_is_used_of_them(run: Run) -> None:
    shown = run("sending", "limits").stdout
    assert "12 of 30" in shown
    assert "100 of 100" in shown
    assert json.loads(run("sending", "limits", "--json").stdout)["accounts"][0]["hour_used"] == 100
