"""`python -m tidings` and the `tidings` command."""

from __future__ import annotations

import sys

from tidings.app.launcher import HouseLauncher
from tidings.cli import main as cli_main


def main() -> None:
    """Hands the command line the launcher of the real house. What the supervisor starts goes past the command line."""
    launcher = HouseLauncher()
    match sys.argv[1:]:
        case ["internal-web"]:
            raise SystemExit(launcher.web())
        case ["internal-wait", url, ca]:
            raise SystemExit(launcher.wait(url, ca))
        case ["internal-prepare", *flags]:
            raise SystemExit(launcher.prepare(flags))
        case _:
            cli_main(launcher)


if __name__ == "__main__":
    main()
