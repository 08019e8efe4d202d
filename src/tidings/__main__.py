"""`python -m tidings` and the `tidings` command."""

from __future__ import annotations

import sys
from collections.abc import Callable

from tidings.app.launcher import HouseLauncher, say
from tidings.cli import main as cli_main
from tidings.domain.errors import TidingsError
from tidings.settings import load_settings


def main() -> None:
    """Hands the command line the launcher of the real house. What the supervisor starts goes past the command line."""
    launcher = HouseLauncher()
    match sys.argv[1:]:
        case ["internal-web"]:
            raise SystemExit(launcher.web())
        case ["internal-up", *flags]:
            raise SystemExit(_plainly(lambda: launcher.supervise(load_settings(), sample="--no-sample" not in flags)))
        case ["internal-wait", url, ca]:
            raise SystemExit(launcher.wait(url, ca))
        case ["internal-prepare", *flags]:
            raise SystemExit(_plainly(lambda: launcher.prepare(flags)))
        case _:
            cli_main(launcher)


def _plainly(run: Callable[[], int]) -> int:
    """An error meant for a person is said to one, without a traceback."""
    try:
        return run()
    except TidingsError as error:
        say(f"Error: {error.message}\n{error.remedy}")
        return 1


if __name__ == "__main__":
    main()
