"""`tidings demo`: one campaign the whole way in an installation of its own that goes away afterwards.

Everything in it is the product itself: its processes, SMTP, tracking. Only the readers are played, and said to be.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidings.app.supervisor import Supervisor, environment, prepare, wait_until_ready
from tidings.cli.progress import watch
from tidings.domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tidings_client import Tidings

READY_WITHIN = 60.0
HUMAN_SECONDS = 6.0
WRITTEN_WITHIN = 0.5  # clicks are written in batches
CLICKS_IN_TEN, LEAVES_IN_TWO_HUNDRED = 1, 1


def run_demo(say: Callable[[str], None], people: int, *, as_json: bool) -> int:
    """Runs it all with progress on stderr and prints the report on stdout; 0 when everybody was reached."""
    with tempfile.TemporaryDirectory(prefix="tidings-demo-") as directory, _running(Path(directory), people, say) as at:
        from tidings_client import Tidings

        with Tidings(at["url"], at["token"], at["ca"]) as tidings:
            return _walk(tidings, say, at["ca"], as_json=as_json)


@contextmanager
def _running(directory: Path, people: int, say: Callable[[str], None]) -> Generator[dict[str, str]]:
    """A Tidings of its own on free ports, with its own key."""
    ports = _free_ports(2)
    environ = environment(
        TIDINGS_DATA_DIR=str(directory / "data"), TIDINGS_PORT=str(ports[0]), TIDINGS_MAILBOX_PORT=str(ports[1]),
        TIDINGS_KEY_FILE=str(directory / "demo.key"), TIDINGS_KEYRING="off",
    )  # fmt: skip
    for name in ("TIDINGS_KEY", "TIDINGS_DATABASE_URL", "TIDINGS_RELAY", "TIDINGS_PUBLIC_URL"):
        environ.pop(name, None)  # nothing of the real installation may be touched
    say(f"Preparing an installation that goes away afterwards, with {people:,} invented people …")
    ready = prepare(environ, f"--people={people}")
    supervisor = Supervisor(directory / "data", environ, say)
    supervisor.add("web", "internal-web")
    supervisor.add("worker", "worker")
    supervisor.start()
    try:
        url = f"https://localhost:{ports[0]}"
        if not wait_until_ready(url, Path(ready["ca"]), seconds=READY_WITHIN, alive=supervisor.alive):
            raise UnavailableError("The demo's web process did not become ready.", remedy="Try `tidings up`.")
        known = json.loads((directory / "data" / "client.json").read_text())
        yield {"url": url, "token": str(known["token"]), "ca": str(ready["ca"])}
    finally:
        supervisor.stop()


def _walk(tidings: Tidings, say: Callable[[str], None], ca: str, *, as_json: bool) -> int:
    from tidings.cli.campaign_view import progress_lines

    def follow(campaign_id: str, over: Callable[[Any], bool]) -> Any:
        return watch(
            lambda: tidings.campaigns.get(campaign_id), progress_lines, over=over, on_stdout=False, seconds=300
        )

    campaign_id = tidings.campaigns.list(limit=1).items[0].id
    say("1. The Content agent writes, the Scheduling agent plans.")
    campaign = follow(campaign_id, lambda found: found.state in {"review", "blocked"})
    if campaign.state != "review" or campaign.revision is None or campaign.plan is None:
        raise UnavailableError(f"The campaign is {campaign.state}: {campaign.state_reason}")
    for draft in (each for each in campaign.revision.drafts if each.channel == "email"):
        say(f"   {draft.variant}: {draft.subject}   (written by {draft.writer})")
    say(f"   {campaign.plan.people:,} people have a time of their own. {campaign.plan.expected_gain}")
    say("2. You approve exactly this revision; you send it now instead of as planned, which is recorded.")
    tidings.campaigns.approve(campaign_id, campaign.revision.id, "demo")
    tidings.campaigns.send(campaign_id, now=True)
    say("3. The Distribution agent sends by SMTP into the built-in mailbox.")
    campaign = follow(campaign_id, lambda found: found.state == "done")
    say("4. Played readers open their mail: some click, a few leave. Their requests are real, they are not.")
    time.sleep(HUMAN_SECONDS)  # sooner, and the scoring would rightly take them for machines
    clicks, leaves = _play_readers(tidings, ca)
    say(f"   {clicks} clicked, {leaves} unsubscribed.")
    time.sleep(WRITTEN_WITHIN)
    say("5. The Analytics agent reports.\n")
    report = tidings.analytics.report(campaign_id)
    _print_report(campaign, report, as_json=as_json)
    return 0 if campaign.counts.get("accepted", 0) == campaign.people else 1


def _play_readers(tidings: Tidings, ca: str) -> tuple[int, int]:
    """Follows the tracked link of each tenth mail without fetching its target, and leaves with a few."""
    import re

    context = ssl.create_default_context(cafile=ca)
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())
    clicks = leaves = 0
    for number, row in enumerate(tidings.mailbox.all()):
        clicking, leaving = number % 10 < CLICKS_IN_TEN, number % 200 < LEAVES_IN_TWO_HUNDRED
        if not (clicking or leaving):
            continue
        text = tidings.mailbox.get(row.id).text
        if clicking and (found := re.search(r"https://\S+/t/[\w-]+", text)):
            _ask(opener, found[0])
            clicks += 1
        if leaving and (found := re.search(r"https://\S+/u/[\w-]+", text)):
            _ask(opener, found[0], b"List-Unsubscribe=One-Click")
            leaves += 1
    return clicks, leaves


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A click is counted where it is tracked; its target is somebody else's site."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Goes nowhere."""
        return


def _ask(opener: urllib.request.OpenerDirector, url: str, body: bytes | None = None) -> None:
    request = urllib.request.Request(url, data=body, headers={"User-Agent": "Mozilla/5.0 (demo reader)"})  # noqa: S310
    try:
        opener.open(request, timeout=10).close()
    except urllib.error.HTTPError as answer:
        if answer.code >= 400:
            raise


def _print_report(campaign: Any, report: Any, *, as_json: bool) -> None:
    from tidings.cli.report import share_words

    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + os.linesep)
        return
    write = sys.stdout.write
    write(f"{campaign.name}\n\n")
    write(f"{'variant':<9}{'sent':>7}{'delivered':>11}  {'clicked (95 % interval)':<28}unsubscribed\n")
    for line in report.lines:
        write(
            f"{line.variant:<9}{line.sent:>7}{line.delivered:>11}  {share_words(line.clicked):<28}"
            f"{share_words(line.unsubscribed)}\n"
        )
    write(f"\n{report.verdict}\n")
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(campaign.counts.items()))
    write(f"Deliveries: {states}; {campaign.people:,} people in all.\n")


def _free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()
