"""Builds the shipped stylesheet from src/tidings/web/styles. Needs the development requirements; users get it built."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WEB = ROOT / "src" / "tidings" / "web"


def main() -> int:
    """Runs Tailwind's own binary; more arguments (such as `--watch`) are passed on. Its exit code is ours."""
    program = Path(sys.executable).with_name("tailwindcss")
    files = ["--input", str(WEB / "styles" / "app.css"), "--output", str(WEB / "static" / "tidings.css")]
    return subprocess.run([program, *files, "--minify", *sys.argv[1:]], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
